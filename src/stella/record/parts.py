"""Questions about many values: a database takes only so many of them in one."""

from collections.abc import Iterable, Iterator

_ASKED_MAX = 500


def in_parts(values: Iterable[str]) -> Iterator[list[str]]:
    """Each value once, sorted, in parts that one query may name."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), _ASKED_MAX):
        yield wanted[start : start + _ASKED_MAX]
