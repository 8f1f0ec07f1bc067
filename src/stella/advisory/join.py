"""Copies of one record joined: the versions that each of them names."""

from collections.abc import Iterable, Sequence

import msgspec

from stella.advisory.model import Import, Record


def with_versions_of(record: Record, copies: Sequence[Record]) -> Record:
    """``record`` with the versions of all ``copies``; with none where one of them does not know its own."""
    unknown = [one for one in copies if not (one.spans or one.versions or one.is_unaffected)]
    if unknown:
        notes = dict.fromkeys(one.note for one in (record, *unknown) if one.note)
        return msgspec.structs.replace(
            record, spans=(), versions=(), note="; ".join(notes), is_unaffected=False
        )
    return msgspec.structs.replace(
        record,
        spans=tuple(dict.fromkeys(span for one in copies for span in one.spans)),
        versions=tuple(sorted({text for one in copies for text in one.versions})),
        imports=joined_imports(one.imports for one in copies),
    )


def joined_imports(
    several: Iterable[tuple[Import, ...] | None],
) -> tuple[Import, ...] | None:
    """What any of them names; nothing where one of them does not say, for that may be all of it."""
    listed = list(several)
    if not listed or any(one is None for one in listed):
        return None
    if not all(listed):
        return ()
    found = {each for one in listed for each in one or ()}
    return tuple(sorted(found, key=msgspec.structs.astuple))
