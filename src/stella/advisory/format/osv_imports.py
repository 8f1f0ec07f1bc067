"""Which functions a record of Go's database names. Source: go.dev/doc/security/vuln/database, "imports"."""

from collections.abc import Iterable

import msgspec

from stella.advisory.model import Import

_IMPORTS_MAX = 2_000
_SYMBOLS_MAX = 20_000
_NAME_MAX = 1_000


class _Said(msgspec.Struct, frozen=True):
    path: str
    symbols: tuple[str, ...] = ()
    goos: tuple[str, ...] = ()
    goarch: tuple[str, ...] = ()


class _Specific(msgspec.Struct, frozen=True):
    imports: tuple[_Said, ...] = ()


def imports_of(specific: Iterable[object]) -> tuple[Import, ...]:
    """The packages that ``ecosystem_specific`` of each part names, with their functions.

    None at all where one part names none, cannot be read or names more than is read: then all of the
    module counts, for a part of the list would make the rest seem safe.
    """
    found: set[Import] = set()
    for one in specific:
        try:
            said = msgspec.convert({} if one is None else one, _Specific).imports
        except (msgspec.ValidationError, RecursionError):
            return ()
        if not said or not all(_is_usable(each) for each in said):
            return ()
        found.update(
            Import(
                each.path,
                tuple(sorted(set(each.symbols))),
                tuple(sorted(set(each.goos))),
                tuple(sorted(set(each.goarch))),
            )
            for each in said
        )
    symbols = sum(len(each.symbols) for each in found)
    if len(found) > _IMPORTS_MAX or symbols > _SYMBOLS_MAX:
        return ()
    return tuple(sorted(found, key=msgspec.structs.astuple))


def _is_usable(said: _Said) -> bool:
    words = (said.path, *said.symbols, *said.goos, *said.goarch)
    return all(0 < len(word) <= _NAME_MAX and word.isprintable() for word in words)
