"""Who committed what lies between two images: asked for once, kept, and then decided by."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, Index, String, Table, Text, select, update
from sqlalchemy.exc import IntegrityError

from stella.kernel import Unknown, canonical_json, parse_time, time_text
from stella.plugin.contract.scm import CommitRange
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.release.authors import Author, Between, record_digest
from stella.release.facts import CommitsRecorded
from stella.release.source import Source, is_same_repository, shown_url

RECORDED_MAX = 500
"""Where more commits lie between two images, who made them is not known."""
ASKED_AGAIN = timedelta(minutes=10)
_TEXT_MAX = 200
_URL_MAX = 500

commit_range = Table(
    "commit_range",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    # Of repository, base and head.
    Column("digest", String(71), nullable=False),
    # JSON; NULL where it is not known, and then why.
    Column("authors", Text),
    Column("why", Text, nullable=False),
    Column("asked_at", String(27), nullable=False),
    Index(None, "tenant", "digest", unique=True),
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The authors of all commits between two. id: of the record."""

    id: str
    authors: tuple[Author, ...]


def between(before: Source, after: Source) -> Between | Unknown:
    """What to ask for."""
    if not is_same_repository(before.url, after.url):
        return Unknown("the images come from two repositories")
    return Between(shown_url(after.url)[:_URL_MAX], before.revision, after.revision)


def recorded(tx: Tx, what: Between) -> Recorded | Unknown:
    """What was recorded, or why nothing was."""
    row = _row(tx, what)
    if row is None:
        return Unknown("its repository was not asked yet")
    if row["authors"] is None:
        return Unknown(row["why"])
    return Recorded(row["id"], tuple(Author(**one) for one in json.loads(row["authors"])))


def is_to_ask(tx: Tx, what: Between) -> bool:
    """Whether nobody knows, and nobody asked a moment ago."""
    row = _row(tx, what)
    if row is None:
        return True
    return row["authors"] is None and parse_time(row["asked_at"]) + ASKED_AGAIN <= tx.now


def record_commits(tx: Tx, what: Between, found: CommitRange | Unknown) -> None:
    """Keep who committed, or why that is not known; what is known stays as it is."""
    if isinstance(found, CommitRange) and not found.is_complete:
        found = Unknown(f"more than {RECORDED_MAX} commits lie between what runs there and it")
    authors = None if isinstance(found, Unknown) else _authors(found)
    values = {
        "authors": None if authors is None else _authors_text(authors),
        "why": found.reason[:500] if isinstance(found, Unknown) else "",
        "asked_at": time_text(tx.now),
    }
    row = _row(tx, what, lock=True)
    if row is not None and row["authors"] is not None:
        return
    record_id = row["id"] if row is not None else tx.new_id("cmr")
    if row is not None:
        tx.connection.execute(update(commit_range).where(commit_range.c.id == record_id), values)
    else:
        new = {"id": record_id, "tenant": tx.tenant, "digest": what.digest, **values}
        try:
            with tx.connection.begin_nested():
                tx.connection.execute(commit_range.insert(), new)
        except IntegrityError:
            return  # another server asked at this moment
    if authors is not None:
        tx.add(
            CommitsRecorded(
                record_id,
                what.repository,
                what.base,
                what.head,
                record_digest(what, authors).text,
            )
        )


def _authors(found: CommitRange) -> tuple[Author, ...]:
    """By address, the case of which means nothing."""
    counted: dict[str, tuple[str, int]] = {}
    for one in found.commits:
        address = _line(one.author_email).strip().lower()
        name, number = counted.get(address, (_line(one.author_name), 0))
        counted[address] = (name, number + 1)
    return tuple(Author(address, *rest) for address, rest in sorted(counted.items()))


def _line(text: str) -> str:
    """As it can be stored and shown: anybody writes anything into a commit."""
    return "".join(one if one.isprintable() else "?" for one in text[:_TEXT_MAX])


def _authors_text(authors: Iterable[Author]) -> str:
    return canonical_json([asdict(one) for one in authors]).decode()


def _row(tx: Tx, what: Between, *, lock: bool = False) -> Any:
    query = select(commit_range).where(
        commit_range.c.tenant == tx.tenant, commit_range.c.digest == what.digest
    )
    return tx.row(query.with_for_update() if lock else query)
