"""One unit of work: values and the facts about them, stored together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, Select, select

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
    person asked. handled: kinds of facts that ``app/flows.py`` has a handler for.
    """

    connection: Connection
    now: datetime
    actor: str
    cause: str | None
    tenant: str
    ids: NewId
    handled: frozenset[str]
    added: list[StoredFact] = field(default_factory=list)

    def new_id(self, prefix: str) -> str:
        """A fresh id of that kind."""
        return self.ids(prefix)

    def add(self, *facts: Fact) -> None:
        """Store ``facts`` in this transaction, for the sealer and, where handled, the dispatcher."""
        for fact in facts:
            stored = StoredFact(
                id=self.ids("fct"),
                tenant=self.tenant,
                kind=fact.kind,
                subject=fact.subject,
                actor=self.actor,
                cause=self.cause,
                at=time_text(self.now),
                data=fact.data(),
            )
            self._insert(stored)
            self.added.append(stored)

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

    def _insert(self, stored: StoredFact) -> None:
        self.connection.execute(
            tables.fact.insert().values(
                id=stored.id,
                tenant=stored.tenant,
                kind=stored.kind,
                subject=stored.subject,
                actor=stored.actor,
                cause=stored.cause,
                at=stored.at,
                data=canonical_json(stored.data).decode(),
            )
        )
        self.connection.execute(tables.fact_unsealed.insert().values(fact=stored.id))
        if stored.kind in self.handled:
            self.connection.execute(
                tables.fact_pending.insert().values(fact=stored.id, kind=stored.kind)
            )
