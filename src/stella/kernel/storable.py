"""Texts that a database and every other program can hold."""

import re

_HALF = re.compile("[\ud800-\udfff]")


def refuse_unstorable(value: object, depth_max: int | None = None) -> None:
    """Return where every text in the JSON value can be written down: no U+0000, no half of a pair
    (RFC 8259, 8.2). Raises ValueError, also where it is nested deeper than ``depth_max``.

    It walks without calling itself: the depth is the sender's choice.
    """
    left: list[tuple[object, int]] = [(value, 0)]
    while left:
        one, depth = left.pop()
        if depth_max is not None and depth > depth_max:
            raise ValueError(f"it is nested deeper than {depth_max}")
        if isinstance(one, str) and not _is_storable(one):
            raise ValueError("a text holds U+0000 or half a surrogate pair")
        if isinstance(one, dict):
            left += [(part, depth + 1) for pair in one.items() for part in pair]
        elif isinstance(one, list):
            left += [(part, depth + 1) for part in one]


def _is_storable(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not _HALF.search(text))
