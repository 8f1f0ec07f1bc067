"""What a policy may not do, found in its syntax before it is ever asked anything.

The engine reads Rego into a syntax tree but resolves names only when a rule is reached, so that a
misspelt function would break a gate months later. And it reads nested brackets in exponential time
(18 of them take six seconds) and overflows the stack at some thousands, so that depth is counted
before the text is handed over.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from stella.kernel import Remedy
from stella.policy.errors import PolicyDoesNotCompile, PolicyNotRepeatable, PolicyTooLarge

FILES_MAX = 100
BUNDLE_CHARACTERS_MAX = 512 << 10
NESTING_MAX = 24
READING_COST_MAX = 1 << 17
"""Each ``[`` or ``{`` costs two to the power of its depth; this much takes about a second."""

UNREPEATABLE = frozenset(
    {
        "http.send",
        "net.lookup_ip_addr",
        "opa.runtime",
        "rand.intn",
        "time.now_ns",
        "uuid.rfc4122",
    }
)
_UNREPEATABLE_ROOTS = frozenset({"http", "io", "opa", "rand"})

_TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\\n]|\\.)*"|`[^`]*`|[\[\](){}]|(?:-\s*)+|.', re.DOTALL)


def check_size(files: Mapping[str, str]) -> None:
    """Refuse what the engine could not read in bounded time and stack. Raises PolicyTooLarge."""
    if len(files) > FILES_MAX or sum(map(len, files.values())) > BUNDLE_CHARACTERS_MAX:
        raise _too_large(f"more than {FILES_MAX} files or {BUNDLE_CHARACTERS_MAX} characters", "")
    cost = 0
    for name, text in sorted(files.items()):
        depth = braces = 0
        for token in _TOKEN.finditer(text):
            sign = token[0]
            if sign in {"(", "[", "{"}:
                depth += 1
                braces += sign != "("
                cost += 1 << braces if sign != "(" else 0
            elif sign in {")", "]", "}"}:
                depth = max(depth - 1, 0)
                braces = max(braces - (sign != ")"), 0)
            is_run = sign.startswith("-") and sign.count("-") > NESTING_MAX
            if depth > NESTING_MAX or cost > READING_COST_MAX or is_run:
                line = text.count("\n", 0, token.start()) + 1
                raise _too_large("brackets nested too deep", f"{name}:{line}")


def check_calls(trees: str, builtins: frozenset[str]) -> None:
    """Refuse calls of what is not there, and of what answers differently when it is replayed.

    trees: the engine's syntax trees as JSON. Raises PolicyDoesNotCompile, PolicyNotRepeatable.
    """
    modules = json.loads(trees)
    own = {name for module in modules for name in _functions(module["ast"])}
    for module in modules:
        file, package = module["source"]["file"], _path(module["ast"]["package"]["refr"])
        aliases = set(_aliases(module))
        for call in _nodes(module["ast"], "Call"):
            span = call["span"]
            place = f"{file}:{span['line']}:{span['col']}"
            path = _path(call["fcn"])
            if path is None:
                raise _unknown_function("a name that is put together", place)
            root = path.partition(".")[0]
            if path in UNREPEATABLE or (root in _UNREPEATABLE_ROOTS and root not in aliases):
                raise _not_repeatable(path, place)
            if root == "time" and any(one["value"] == "Local" for one in _nodes(call, "String")):
                raise _not_repeatable(f'{path} with the time zone "Local"', place)
            known = path in builtins or {path, f"data.{package}.{path}"} & own
            if not known and root not in aliases:
                raise _unknown_function(path, place)


def _functions(tree: Any) -> Iterator[str]:
    """Every function that a module defines, by its full path."""
    package = _path(tree["package"]["refr"])
    for head in _nodes(tree["rules"], "Func"):
        if "refr" in head:
            yield f"data.{package}.{_path(head['refr'])}"


def _aliases(module: Any) -> Iterator[str]:
    """The names that a module gives to what it imports."""
    source = module["source"]["contents"].encode()
    for one in module["ast"]["imports"]:
        alias, path = one.get("as"), _path(one["refr"])
        if alias:
            yield source[alias["start"] : alias["end"]].decode()
        elif path:
            yield path.rpartition(".")[2]


def _nodes(tree: Any, kind: str) -> Iterator[Any]:
    """Every node of that kind, wherever it stands."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if isinstance(node.get(kind), dict):
                yield node[kind]
            pending += node.values()
        elif isinstance(node, list):
            pending += node


def _path(node: Any) -> str | None:
    """``time.now_ns`` for that reference, also where it is written ``time["now_ns"]``."""
    match node:
        case {"Var": {"value": str(name)}}:
            return name
        case {"RefDot": {"refr": inner, "field": [_, str(name)]}}:
            pass
        case {"RefBrack": {"refr": inner, "index": {"String": {"value": str(name)}}}}:
            pass
        case _:
            return None
    path = _path(inner)
    return None if path is None else f"{path}.{name}"


def _too_large(why: str, place: str) -> PolicyTooLarge:
    return PolicyTooLarge(
        f"the policy is not read: {why}{f' at {place}' if place else ''}",
        remedy=Remedy("Split it into smaller rules and flatter values."),
        place=place,
    )


def _not_repeatable(path: str, place: str) -> PolicyNotRepeatable:
    return PolicyNotRepeatable(
        f"{place}: {path} would answer differently when the decision is replayed",
        remedy=Remedy("Use what stands in the input; the time of the decision is input.now."),
        place=place,
        function=path,
    )


def _unknown_function(path: str, place: str) -> PolicyDoesNotCompile:
    return PolicyDoesNotCompile(
        f"{place}: there is no function {path}",
        remedy=Remedy("Correct its name, or add the file that defines it."),
        place=place,
        function=path,
    )
