"""The table of test results."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index, String, Table, Text, func, select

from stella.kernel import Remedy
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.tested.errors import UnknownTestResult

test_result = Table(
    "test_result",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("image", String(71), nullable=False),
    Column("document", String(71), nullable=False),
    Column("said", String(71), nullable=False),
    Column("state", String(20), nullable=False),
    Column("result", String(20), nullable=False),
    Column("suites", Text, nullable=False),
    Column("source", String(20), nullable=False),
    Column("by", String(40), nullable=False),
    Column("at", String(27), nullable=False),
    Column("ended_at", String(27)),
    Column("reason", Text, nullable=False),
    Index(None, "tenant", "image"),
)


class Source(StrEnum):
    """How it came here."""

    UPLOAD = "upload"
    ATTACHED = "attached"


class TakenState(StrEnum):
    """Whether it counts. One that was withdrawn stays so, whoever brings its bytes again."""

    STANDING = "standing"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Taken:
    """One result that was taken in. image: digest of what was tested. document: digest of its bytes;
    said: of what in them is signed, whatever stands around it.

    result, suites: as it says itself. by: who handed it in; ``system`` for what lay beside the image.
    """

    id: str
    image: str
    document: str
    said: str
    state: TakenState
    result: str
    suites: tuple[str, ...]
    source: Source
    by: str
    at: str
    ended_at: str | None = None
    reason: str = ""


def insert_taken(tx: Tx, value: Taken) -> None:
    """A result that is new."""
    tx.connection.execute(test_result.insert(), {"tenant": tx.tenant, **_columns(value)})


def update_taken(tx: Tx, value: Taken) -> None:
    """The row of ``value.id`` as ``value`` says."""
    mine = (test_result.c.tenant == tx.tenant, test_result.c.id == value.id)
    tx.connection.execute(test_result.update().where(*mine), _columns(value))


def find_taken(tx: Tx, taken: str, *, lock: bool = False) -> Taken:
    """Raises UnknownTestResult."""
    query = select(test_result).where(test_result.c.tenant == tx.tenant, test_result.c.id == taken)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownTestResult(
            f"there is no test result {taken[:80]!r}",
            remedy=Remedy("List them.", command="stella test-result list"),
            id=taken[:80],
        )
    return _row(row)


def taken_alike(tx: Tx, image: str, said: str) -> tuple[Taken, ...]:
    """Those that say the same, the withdrawn among them."""
    table = test_result.c
    mine = (table.tenant == tx.tenant, table.image == image, table.said == said)
    return tuple(_row(row) for row in tx.rows(select(test_result).where(*mine)))


def standing_results(
    tx: Tx, images: Collection[str], limit: int, *, keep: bool
) -> tuple[tuple[Taken, ...], int]:
    """Of those images what counts, the newest first; and how many more there are.

    keep: none of them is withdrawn until this transaction ends.
    """
    table = test_result.c
    mine = (
        table.tenant == tx.tenant,
        table.image.in_(sorted(images)),
        table.state == TakenState.STANDING.value,
    )
    query = select(test_result).where(*mine).order_by(table.id.desc()).limit(limit)
    rows = tx.rows(query.with_for_update(read=True) if keep else query)
    found = tuple(_row(row) for row in rows)
    if len(found) < limit:
        return found, 0
    counted = tx.row(select(func.count().label("all")).select_from(test_result).where(*mine))
    assert counted is not None, "a count has a row"
    return found, int(counted["all"]) - len(found)


def count_beside(tx: Tx, image: str) -> int:
    """How many of the image's lay beside it."""
    table = test_result.c
    mine = (table.tenant == tx.tenant, table.image == image, table.source == Source.ATTACHED.value)
    row = tx.row(select(func.count().label("all")).select_from(test_result).where(*mine))
    assert row is not None, "a count has a row"
    return int(row["all"])


def list_results(
    tx: Tx, *, image: str | None = None, after: str | None = None, limit: int = 100
) -> tuple[Taken, ...]:
    """All of them, or those of an image's digest; the newest first, after an id."""
    table = test_result.c
    query = select(test_result).where(table.tenant == tx.tenant)
    if image is not None:
        query = query.where(table.image == image)
    if after is not None:
        query = query.where(table.id < after)
    return tuple(_row(row) for row in tx.rows(query.order_by(table.id.desc()).limit(limit)))


def tested_images(tx: Tx) -> frozenset[str]:
    """The digests of all images of which there is a result that counts or did."""
    table = test_result.c
    query = select(table.image).where(table.tenant == tx.tenant).distinct()
    return frozenset(str(row["image"]) for row in tx.rows(query))


def _columns(value: Taken) -> dict[str, Any]:
    return columns_of(
        value,
        state=value.state.value,
        source=value.source.value,
        suites=json.dumps(list(value.suites)),
    )


def _row(row: Any) -> Taken:
    values = fields_of(row)
    values["state"] = TakenState(values["state"])
    values["source"] = Source(values["source"])
    values["suites"] = tuple(json.loads(values["suites"]))
    return Taken(**values)
