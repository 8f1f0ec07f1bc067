"""One unit of work: values and the facts about them, stored together or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, Select, Table, select

from stella.kernel import Fact, Json, NewId, canonical_json, time_text
from stella.record import tables

AnySelect: TypeAlias = Select[Any]


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact as it was stored. position, hash: None until the sealer has given it its place."""

    id: str
    tenant: str
    kind: str
    subject: str
    actor: str
    cause: str | None
    at: str
    data: dict[str, Json]
    position: int | None = None
    hash: str | None = None


@dataclass(slots=True)
class Tx:
    """What a use case is given: a connection, one reading of the clock, and who asks.

    actor: ``usr_...``, ``agt_...`` or ``system``. cause: the fact this answers to; None where a
    person asked. handled: kinds of facts that ``app/flows.py`` has a handler for. held: rows that are
    locked by it, as they are now, by names that their stores give them.
    """

    connection: Connection
    now: datetime
    actor: str
    cause: str | None
    tenant: str
    ids: NewId
    handled: frozenset[str]
    added: list[StoredFact] = field(default_factory=list)
    held: dict[str, Any] = field(default_factory=dict)

    def new_id(self, prefix: str) -> str:
        """A fresh id of that kind."""
        return self.ids(prefix)

    def add(self, *facts: Fact) -> None:
        """Store ``facts`` in this transaction, for the sealer and, where handled, the dispatcher."""
        stored = [
            StoredFact(
                id=self.ids("fct"),
                tenant=self.tenant,
                kind=fact.kind,
                subject=fact.subject,
                actor=self.actor,
                cause=self.cause,
                at=time_text(self.now),
                data=fact.data(),
            )
            for fact in facts
        ]
        if stored:
            self._insert(stored)
            self.added += stored

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the transaction: what raises in it leaves nothing of what it had begun."""
        kept, added = self.connection.begin_nested(), len(self.added)
        try:
            yield
        except BaseException:
            kept.rollback()
            del self.added[added:]
            self.held.clear()
            raise
        kept.commit()

    def has_caused(self, kind: str, subject: str) -> bool:
        """Whether this transaction's cause already left that fact: a repeated handler stops here."""
        if self.cause is None:
            return False
        query = select(tables.fact.c.id).where(
            tables.fact.c.cause == self.cause,
            tables.fact.c.kind == kind,
            tables.fact.c.subject == subject,
        )
        return self.connection.execute(query).first() is not None

    def rows(self, query: AnySelect) -> Sequence[RowMapping]:
        """Every row of ``query``, by column name."""
        return self.connection.execute(query).mappings().all()

    def row(self, query: AnySelect) -> RowMapping | None:
        """The first row of ``query``, or None."""
        return self.connection.execute(query).mappings().first()

    def put(self, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Insert this tenant's row, or put ``values`` in the place of those that it has."""
        mine = [
            table.c.tenant == self.tenant,
            *(table.c[name] == value for name, value in key.items()),
        ]
        replaced = self.connection.execute(table.update().where(*mine), values)
        if replaced.rowcount == 0:
            self.connection.execute(table.insert(), {"tenant": self.tenant, **key, **values})

    def _insert(self, stored: Sequence[StoredFact]) -> None:
        rows = [
            {
                "id": one.id,
                "tenant": one.tenant,
                "kind": one.kind,
                "subject": one.subject,
                "actor": one.actor,
                "cause": one.cause,
                "at": one.at,
                "data": canonical_json(one.data).decode(),
            }
            for one in stored
        ]
        self.connection.execute(tables.fact.insert(), rows)
        self.connection.execute(tables.fact_unsealed.insert(), [{"fact": one.id} for one in stored])
        pending = [{"fact": one.id, "kind": one.kind} for one in stored if one.kind in self.handled]
        if pending:
            self.connection.execute(tables.fact_pending.insert(), pending)
