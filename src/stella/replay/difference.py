"""Where two documents first say something else."""

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any


class _Nothing:
    """What stands where one of two documents has no value; JSON's null is a value."""


_NOTHING = _Nothing()


def first_difference(recorded: bytes, replayed: bytes) -> str:
    """The path of the first difference and both values; for what is no JSON, the first byte.

    ``$.gates[1].state: recorded "pass", replayed "blocked"``
    """
    try:
        found = next(_differences(json.loads(recorded), json.loads(replayed), "$"), None)
    except (ValueError, RecursionError):
        found = None
    if found is not None:
        return found
    pairs = enumerate(zip(recorded, replayed, strict=False))
    shorter = min(len(recorded), len(replayed))
    offset = next((n for n, (one, other) in pairs if one != other), shorter)
    return f"byte {offset} of {len(recorded)} recorded, {len(replayed)} replayed"


def _differences(recorded: Any, replayed: Any, path: str) -> Iterator[str]:
    """One line for each value that differs, in the order of a canonical document."""
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        for key in sorted(recorded.keys() | replayed.keys()):
            values = recorded.get(key, _NOTHING), replayed.get(key, _NOTHING)
            yield from _differences(*values, f"{path}.{key}")
    elif isinstance(recorded, list) and isinstance(replayed, list):
        pairs = zip_longest(recorded, replayed, fillvalue=_NOTHING)
        for number, (one, other) in enumerate(pairs):
            yield from _differences(one, other, f"{path}[{number}]")
    elif (said := _text(recorded)) != (says := _text(replayed)):
        yield f"{path}: recorded {_short(said)}, replayed {_short(says)}"


def _text(value: Any) -> str:
    if isinstance(value, _Nothing):
        return "nothing"
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117]}..."
