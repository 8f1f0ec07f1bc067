"""Questions about facts: of one subject, after a place in the chain, waiting for a handler."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select

from stella.kernel.ids import ulid
from stella.record import tables
from stella.record.chain import stored_fact
from stella.record.transaction import StoredFact, Tx

PAGE_MAX = 1000


def fact_by_id(tx: Tx, fact: str) -> StoredFact | None:
    """One fact, sealed or not."""
    row = tx.row(select(tables.fact).where(tables.fact.c.id == fact))
    return stored_fact(row) if row else None


def facts_about(tx: Tx, subjects: Sequence[str]) -> tuple[StoredFact, ...]:
    """Every fact of the subjects, in the order of their ids, which is the order of time."""
    query = (
        select(tables.fact)
        .where(tables.fact.c.tenant == tx.tenant, tables.fact.c.subject.in_(subjects))
        .order_by(tables.fact.c.at, tables.fact.c.id)
    )
    return tuple(stored_fact(row) for row in tx.rows(query))


def facts_after(
    tx: Tx,
    position: int,
    *,
    limit: int = 100,
    subject: str | None = None,
    kind: str | None = None,
) -> tuple[StoredFact, ...]:
    """Sealed facts after ``position`` in the chain, in its order; at most PAGE_MAX."""
    query = select(tables.fact).where(
        tables.fact.c.tenant == tx.tenant, tables.fact.c.position > position
    )
    if subject is not None:
        query = query.where(tables.fact.c.subject == subject)
    if kind is not None:
        query = query.where(tables.fact.c.kind == kind)
    query = query.order_by(tables.fact.c.position).limit(min(limit, PAGE_MAX))
    return tuple(stored_fact(row) for row in tx.rows(query))


def facts_since(
    tx: Tx, kind: str, moment: datetime, *, before: str | None = None, limit: int = 100
) -> tuple[StoredFact, ...]:
    """Of that kind, sealed or not, from ``moment`` on; the newest first. before: the id of one that was
    seen already.
    """
    fact = tables.fact.c
    first = f"fct_{ulid(moment, bytes(10))}"  # an id begins with its time
    query = select(tables.fact).where(fact.tenant == tx.tenant, fact.kind == kind, fact.id >= first)
    if before is not None:
        query = query.where(fact.id < before)
    rows = tx.rows(query.order_by(fact.id.desc()).limit(min(limit, PAGE_MAX)))
    return tuple(stored_fact(row) for row in rows)


def facts_before(
    tx: Tx,
    position: int | None,
    *,
    limit: int = 100,
    subject: str | None = None,
    kind: str | None = None,
) -> tuple[StoredFact, ...]:
    """Sealed facts before ``position`` in the chain, the newest first; None: from its end."""
    fact = tables.fact.c
    query = select(tables.fact).where(fact.tenant == tx.tenant, fact.position.is_not(None))
    if position is not None:
        query = query.where(fact.position < position)
    if subject is not None:
        query = query.where(fact.subject == subject)
    if kind is not None:
        query = query.where(fact.kind == kind)
    query = query.order_by(fact.position.desc()).limit(min(limit, PAGE_MAX))
    return tuple(stored_fact(row) for row in tx.rows(query))


def last_of_each(tx: Tx, position: int | None, kind: str) -> dict[str, int]:
    """Subject -> the place of its last sealed fact of a kind, before ``position``; None: to the end."""
    fact = tables.fact.c
    query = select(fact.subject, func.max(fact.position).label("last")).where(
        fact.tenant == tx.tenant, fact.kind == kind, fact.position.is_not(None)
    )
    if position is not None:
        query = query.where(fact.position < position)
    rows = tx.rows(query.group_by(fact.subject).order_by(fact.subject))
    return {row["subject"]: int(row["last"]) for row in rows}


def facts_at(tx: Tx, positions: Sequence[int]) -> tuple[StoredFact, ...]:
    """The sealed facts at these places in the chain, in its order."""
    fact = tables.fact.c
    query = select(tables.fact).where(fact.tenant == tx.tenant, fact.position.in_(positions))
    return tuple(stored_fact(row) for row in tx.rows(query.order_by(fact.position)))


def head_position(tx: Tx) -> int:
    """The place of the last sealed fact: the revision of everything that is derived from facts."""
    query = select(func.max(tables.chain.c.position)).where(tables.chain.c.tenant == tx.tenant)
    return tx.connection.execute(query).scalar() or 0


def pending_facts(tx: Tx, limit: int = 100) -> tuple[tuple[str, str], ...]:
    """Facts that wait for their handler: (fact id, kind), oldest first."""
    pending = tables.fact_pending
    rows = tx.rows(select(pending).order_by(pending.c.sequence).limit(limit))
    return tuple((row["fact"], row["kind"]) for row in rows)


def claim_pending(tx: Tx, fact: str) -> bool:
    """Take a fact's handling upon oneself: no run of its own is begun for it. Whether it still waited."""
    gone = delete(tables.fact_pending).where(tables.fact_pending.c.fact == fact)
    return bool(tx.connection.execute(gone).rowcount)


def last_fact(tx: Tx, kind: str, subject: str) -> StoredFact | None:
    """The newest of that kind about that subject, sealed or not."""
    fact = tables.fact.c
    query = select(tables.fact).where(
        fact.tenant == tx.tenant, fact.subject == subject, fact.kind == kind
    )
    row = tx.row(query.order_by(fact.id.desc()))
    return None if row is None else stored_fact(row)


def has_unsealed(tx: Tx) -> bool:
    """Whether a fact waits for its place in the chain: asking costs no write."""
    return tx.row(select(tables.fact_unsealed.c.sequence).limit(1)) is not None


def drop_pending(tx: Tx, facts: Sequence[str]) -> None:
    """Forget pending rows whose workflow exists now. By fact: SQLite gives a sequence number again, once
    the last row was claimed.
    """
    pending = tables.fact_pending
    tx.connection.execute(delete(pending).where(pending.c.fact.in_(facts)))
