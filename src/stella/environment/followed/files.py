"""Which files of a repository are meant: paths, folders and patterns.

A folder (``deploy/``) means the YAML files below it, at whatever depth. In a pattern ``*`` stands for any
letters of a name and ``**`` for any folders, also for none. Names that begin with a dot are hidden: they
are meant where a part of the pattern begins with a dot too.
"""

from collections.abc import Iterable, Iterator, Sequence

_ENDINGS = ("*.yaml", "*.yml")
_ANY_FOLDERS = "**"
_ANY_FOLDERS_MAX = 3


def is_plain(entry: str) -> bool:
    """Whether it is the path of one file."""
    return "*" not in entry and not entry.endswith("/")


def search_of(entry: str) -> tuple[str, bool]:
    """The folder that a pattern is looked for in, empty for the topmost; and whether below it as well."""
    first = _patterns(entry)[0]
    fixed = 0
    while fixed < len(first) - 1 and "*" not in first[fixed]:
        fixed += 1
    return "/".join(first[:fixed]), fixed < len(first) - 1


def chosen(entry: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The paths that a folder or a pattern means, in the order of their letters."""
    patterns = _patterns(entry)
    return tuple(sorted(one for one in paths if any(_fits(each, one) for each in patterns)))


def in_the_way(entry: str, links: Iterable[str]) -> tuple[str, ...]:
    """The links that a folder or a pattern means, or might lead into."""
    patterns = _patterns(entry)
    return tuple(sorted(one for one in links if any(_leads_to(each, one) for each in patterns)))


def pattern_faults(entry: str) -> Iterator[str]:
    """What cannot be meant."""
    for part in entry.split("/"):
        if _ANY_FOLDERS in part and part != _ANY_FOLDERS:
            yield f"{entry[:80]!r}: ** stands for folders, and is a part of its own"
            return
    if entry.split("/").count(_ANY_FOLDERS) > _ANY_FOLDERS_MAX:
        yield f"{entry[:80]!r} has ** more than {_ANY_FOLDERS_MAX} times"
    if not entry.isprintable():
        yield f"{entry[:80]!r} has letters that cannot be shown"
    if entry.endswith(_ANY_FOLDERS):
        yield f"{entry[:80]!r} does not say which files: end it with /*.yaml"


def _patterns(entry: str) -> list[list[str]]:
    parts = entry.split("/")
    if parts[-1]:
        return [parts]
    return [[*parts[:-1], _ANY_FOLDERS, ending] for ending in _ENDINGS]


def _fits(pattern: Sequence[str], path: str) -> bool:
    return len(pattern) in _reached(pattern, path.split("/"))


def _leads_to(pattern: Sequence[str], link: str) -> bool:
    """Whether it is meant, or what lies below it could be."""
    return bool(_reached(pattern, link.split("/")))


def _reached(pattern: Sequence[str], names: Sequence[str]) -> set[int]:
    """How many parts of the pattern may be used up by these names."""
    after = _passed(pattern, {0})
    for name in names:
        after = _passed(pattern, {*_steps(pattern, after, name)})
    return after


def _steps(pattern: Sequence[str], before: Iterable[int], name: str) -> Iterator[int]:
    for at in before:
        if at == len(pattern):
            continue
        if pattern[at] != _ANY_FOLDERS:
            if _is_named(pattern[at], name):
                yield at + 1
        elif not name.startswith("."):
            yield at


def _passed(pattern: Sequence[str], reached: set[int]) -> set[int]:
    """Those, and beyond each ``**`` that stands for nothing."""
    for at, part in enumerate(pattern):
        if part == _ANY_FOLDERS and at in reached:
            reached.add(at + 1)
    return reached


def _is_named(part: str, name: str) -> bool:
    if "*" not in part:
        return part == name
    if name.startswith(".") and not part.startswith("."):
        return False
    first, *middle, last = part.split("*")
    if len(name) < len(first) + len(last) or not name.startswith(first):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in middle:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return name.endswith(last)
