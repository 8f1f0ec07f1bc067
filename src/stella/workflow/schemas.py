"""JSON Schemas that people write: of inputs and of forms. They reach nothing, and cost little.

A reference could be read from anywhere, and some that refer to each other double the work at each
level; a pattern could go back and forth for ever. So references are refused, and patterns are matched
in linear time.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

DEPTH_MAX = 12
PARTS_MAX = 1000
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "$id", "$anchor", "$schema"})


def schema_faults_of(schema: Any) -> Iterator[str]:
    """Why that is no schema to be used here; nothing where it is one."""
    strange = next(_strange(schema), None)
    if strange is not None:
        yield strange
        return
    try:
        _validator(schema)
    except ValueError as error:
        yield f"it is no JSON Schema: {str(error)[:200]}"


def value_faults(word: str, value: Any, schema: Mapping[str, Any]) -> list[str]:
    """What a schema has against a value, each with its place after ``word``."""
    if not schema:
        return []
    return [
        f"{'.'.join(map(str, (word, *path)))}: {words}"
        for path, words in placed_faults(value, schema)
    ]


def placed_faults(value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """The same: path and words."""
    for error in _validator(schema).iter_errors(value):
        yield tuple(error.instance_path), error.message[:200]


def _validator(schema: Any) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        dict(schema) if isinstance(schema, Mapping) else schema,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


def _strange(schema: Any) -> Iterator[str]:
    """What could lead elsewhere, or is too much."""
    parts, left = 0, [(schema, 0)]
    while left:
        one, depth = left.pop()
        parts += 1
        if depth > DEPTH_MAX or parts > PARTS_MAX:
            yield f"it is deeper than {DEPTH_MAX}, or has more than {PARTS_MAX} parts"
            return
        if isinstance(one, Mapping):
            for key in sorted(_REFERENCES & one.keys()):
                if isinstance(one[key], str):  # a property may have that name
                    yield f"{key} is not followed here: write out what it stands for"
                    return
            left += [(inner, depth + 1) for inner in one.values()]
        elif isinstance(one, list | tuple):
            left += [(inner, depth + 1) for inner in one]
