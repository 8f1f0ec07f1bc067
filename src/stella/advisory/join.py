"""Copies of one record joined: the versions that each of them names."""

from collections.abc import Sequence

import msgspec

from stella.advisory.model import Record


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
    )
