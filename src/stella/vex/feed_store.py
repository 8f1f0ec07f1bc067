"""The table of the feeds of VEX that the server follows: how each was the last time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Integer, String, Table, Text, delete, select

from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

vex_feed = Table(
    "vex_feed",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("documents", Integer, nullable=False),
    Column("unread", Integer, nullable=False),
    Column("checked_at", String(27)),
    Column("changed_at", String(27)),
    Column("asked_at", String(27)),
    Column("trouble", Text, nullable=False),
    Column("trouble_at", String(27)),
)


@dataclass(frozen=True, slots=True)
class FollowedFeed:
    """One feed, called as its integration. documents: that count of it.

    unread: documents of it that could not be read. checked_at: when it was asked last with success;
    changed_at: when something came or went. asked_at: when somebody last wanted it looked at.
    trouble: why it could not be brought up to date since, or "".
    """

    name: str
    documents: int = 0
    unread: int = 0
    checked_at: str | None = None
    changed_at: str | None = None
    asked_at: str | None = None
    trouble: str = ""
    trouble_at: str | None = None

    @property
    def is_asked_for(self) -> bool:
        """Whether nobody has looked since somebody wanted it."""
        looked = max(self.checked_at or "", self.trouble_at or "")
        return self.asked_at is not None and self.asked_at > looked


def followed_feeds(tx: Tx) -> tuple[FollowedFeed, ...]:
    """All of them, by name."""
    query = select(vex_feed).where(vex_feed.c.tenant == tx.tenant).order_by(vex_feed.c.name)
    return tuple(FollowedFeed(**fields_of(row)) for row in tx.rows(query))


def find_followed(tx: Tx, name: str) -> FollowedFeed:
    """The feed; of one that nobody has looked at yet, what that means."""
    row = tx.row(select(vex_feed).where(*_mine(tx, name)))
    return FollowedFeed(name) if row is None else FollowedFeed(**fields_of(row))


def put_followed(tx: Tx, value: FollowedFeed) -> None:
    """Insert or replace."""
    values = columns_of(value)
    tx.put(vex_feed, {"name": values.pop("name")}, values)


def forget_followed(tx: Tx, name: str) -> None:
    """It is followed no more."""
    tx.connection.execute(delete(vex_feed).where(*_mine(tx, name)))


def _mine(tx: Tx, name: str) -> tuple[Any, ...]:
    return (vex_feed.c.tenant == tx.tenant, vex_feed.c.name == name)
