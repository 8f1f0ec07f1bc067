"""JSON in which a key stands twice: which of the two counts, each reader decides for itself (RFC 8259, 4)."""

import json
from typing import Any


def key_said_twice(content: bytes) -> str | None:
    """A key that one object of the JSON ``content`` has twice; None where none has, or it is no JSON.

    Whoever parses it says what else is wrong.
    """
    try:
        _decoder.decode(content.decode("utf-8-sig"))
    except _Twice as found:
        return found.key
    except (ValueError, RecursionError):
        return None
    return None


class _Twice(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Twice(key)
            seen.add(key)


# As floats: a number of more digits than Python reads must not end the search.
_decoder = json.JSONDecoder(object_pairs_hook=_once, parse_int=float)
