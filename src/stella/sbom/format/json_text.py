"""JSON text -> plain values, within bounds."""

from collections.abc import Iterator
from typing import Any

import msgspec

from stella.kernel.twice import key_said_twice
from stella.sbom.format.refusals import malformed

DEPTH_MAX = 100
VALUES_MAX = 40_000_000
_MARK = b"\xef\xbb\xbf"


def read_json(content: bytes) -> Any:
    """The values in ``content``, at most ``DEPTH_MAX`` deep. Raises MalformedSbom."""
    # Each value has one of these before it, or is the first: a bound before any memory is taken.
    if sum(content.count(sign) for sign in (b",", b"[", b"{", b":")) > 2 * VALUES_MAX:
        raise malformed(f"it has more than {VALUES_MAX} values")
    try:
        tree = msgspec.json.decode(content.removeprefix(_MARK))
    except (ValueError, RecursionError) as error:
        raise malformed(f"it is no JSON that can be read: {str(error)[:200]}") from None
    for _ in levels(tree):
        pass
    twice = key_said_twice(content)
    if twice is not None:
        raise malformed(
            f"one object has the key {twice[:80]!r} twice, and readers differ in which counts"
        )
    return tree


def levels(tree: Any) -> Iterator[list[Any]]:
    """The objects and lists of ``tree``, level by level. Raises MalformedSbom below ``DEPTH_MAX``."""
    level = [tree] if isinstance(tree, dict | list) else []
    for _ in range(DEPTH_MAX):
        if not level:
            return
        yield level
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    if level:
        raise malformed(f"it is nested deeper than {DEPTH_MAX}")
