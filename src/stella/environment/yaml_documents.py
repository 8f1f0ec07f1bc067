"""A text in YAML -> the documents in it, JSON values only, or where it is wrong."""

import math
from collections.abc import Iterator
from typing import Any

import yaml

_VALUES_MAX = 200_000
_CHARACTERS_OF_A_VALUE = 64
"""A long text counts as so many: one that is named again and again is written out each time."""
# As a key it is a word, as in YAML 1.2: `on:` says what a notification tells of.
_WORDS = frozenset({"on"})

_PLAIN = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map")
)


class NoDocuments(ValueError):
    """It cannot be read as documents. line: from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


class _Loader(yaml.SafeLoader):
    """JSON values only: a date stays the text it was written as, and a key stands there once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Raises ConstructorError for a key that is no text, or stands there twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.tag == "tag:yaml.org,2002:bool" and key.value in _WORDS:
                key.tag = "tag:yaml.org,2002:str"
            if key.tag != "tag:yaml.org,2002:str":
                raise _at(key, f"the key {key.value!r} is no text; put it in quotes")
            if key.value in seen:
                raise _at(key, f"the key {key.value!r} stands there twice")
            seen.add(key.value)
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return made


def _at(node: yaml.Node, problem: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _refuse(loader: _Loader, node: yaml.Node) -> None:
    del loader
    raise _at(node, f"a value with the tag {node.tag} cannot be sent as JSON")


def _number(loader: _Loader, node: yaml.ScalarNode) -> float:
    value = loader.construct_yaml_float(node)
    if not math.isfinite(value):
        raise _at(node, f"{node.value} is no number that can be sent as JSON")
    return float(value)


_Loader.yaml_constructors = {
    tag: make for tag, make in yaml.SafeLoader.yaml_constructors.items() if tag in _PLAIN
}
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor(None, _refuse)
_Loader.yaml_implicit_resolvers = {
    letter: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def documents_in(content: str | bytes) -> Iterator[dict[str, Any]]:
    """Every document of a text, in order; empty ones are none. Raises NoDocuments."""
    return (one for _, one in placed_documents(content))


def placed_documents(content: str | bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """The same, each with the line where it begins, from 1. Raises NoDocuments."""
    try:
        loader = _Loader(content)
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            _refuse_bomb(node)
            made = _constructed(loader, node)
            if made is None:
                continue  # an empty document: a comment, or a --- at the end
            if not isinstance(made, dict):
                raise _at(node, "a document is a mapping of keys: apiVersion, kind, name, spec")
            yield node.start_mark.line + 1, made
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NoDocuments(mark.line + 1 if mark else 1, error.problem or "no YAML") from None
    except yaml.reader.ReaderError as error:
        raise NoDocuments(_line_of(content, error.position), error.reason) from None
    except RecursionError:
        raise NoDocuments(1, "it is nested too deep") from None


def _constructed(loader: _Loader, node: yaml.Node) -> Any:
    try:
        return loader.construct_document(node)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        # ``0b_``, ``!!bool perhaps``, a number of five thousand digits: YAML's own errors are none of these.
        raise _at(node, "a value is not what its tag or its form says") from None


def _refuse_bomb(document: yaml.Node) -> None:
    """Aliases upon aliases become as much as they stand for when they are sent: a page of them, more
    than any memory. Raises ConstructorError.
    """
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if isinstance(node, yaml.ScalarNode):
            return 1 + len(node.value) // _CHARACTERS_OF_A_VALUE
        known = sizes.get(id(node))
        if known == 0:
            raise _at(node, "it is a part of itself")
        if known is not None:
            return known
        sizes[id(node)] = 0  # it is being counted
        parts = node.value
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        sizes[id(node)] = 1 + sum(size(part) for part in parts)
        return sizes[id(node)]

    if size(document) > _VALUES_MAX:
        raise _at(document, f"with its aliases written out it has more than {_VALUES_MAX} values")


def _line_of(content: str | bytes, position: int) -> int:
    before = content[:position]
    return before.count("\n" if isinstance(before, str) else b"\n") + 1  # type: ignore[arg-type]
