"""The chain of facts: each hash covers its fact, its place and the hash before it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from stella.kernel import Digest, sealed_hash
from stella.record import tables
from stella.record.transaction import StoredFact, Tx

GENESIS = "sha256:" + "0" * 64


def fact_hash(fact: StoredFact, position: int, previous: str) -> Digest:
    """The hash of ``fact`` at ``position`` after ``previous``."""
    return sealed_hash(
        id=fact.id,
        tenant=fact.tenant,
        kind=fact.kind,
        subject=fact.subject,
        actor=fact.actor,
        cause=fact.cause,
        at=fact.at,
        data=fact.data,
        position=position,
        previous=previous,
    )


def stored_fact(row: Mapping[Any, Any]) -> StoredFact:
    """A row of the fact table as a value."""
    values: dict[str, Any] = dict(row)
    values["data"] = json.loads(row["data"])
    return StoredFact(**values)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a walk over the chain found. place: the first position that does not hold, or None."""

    good: bool
    length: int
    head: str
    place: int | None = None
    detail: str = ""


def verify_chain(tx: Tx, marks: Mapping[int, str] | None = None) -> ChainReport:
    """Walk the tenant's whole chain: a changed, missing or inserted fact ends it there.

    marks: position -> the hash that stood there once, by a word that whoever has the database cannot
    change. Without them, a chain that was made anew from a changed fact on looks like any other.
    """
    ahead = dict(marks or {})
    previous, length = GENESIS, 0
    for fact in _sealed_facts(tx):
        position = length + 1
        if fact.position != position:
            return ChainReport(False, length, previous, position, f"fact {position} is missing")
        digest = fact_hash(fact, position, previous).text
        if digest != fact.hash:
            detail = f"fact {position} ({fact.id}) is not what was sealed"
            return ChainReport(False, length, previous, position, detail)
        if ahead.pop(position, digest) != digest:
            detail = f"fact {position} ({fact.id}) or one before it was changed after it was logged"
            return ChainReport(False, length, previous, position, detail)
        previous, length = digest, position
    if ahead:
        detail = f"the chain ends at {length}, the ledger has seen {max(ahead)} facts"
        return ChainReport(False, length, previous, length + 1, detail)
    return _against_head(tx, previous, length)


def _against_head(tx: Tx, previous: str, length: int) -> ChainReport:
    """A chain cut off at its end is told by the head that stands apart."""
    head = tx.row(select(tables.chain).where(tables.chain.c.tenant == tx.tenant))
    expected = (head["position"], head["hash"]) if head else (0, GENESIS)
    if expected != (length, previous):
        detail = f"the chain ends at {length}, its head says {expected[0]}"
        return ChainReport(False, length, previous, length + 1, detail)
    strays = tx.connection.execute(
        select(func.count())
        .select_from(tables.fact)
        .where(
            tables.fact.c.tenant == tx.tenant,
            tables.fact.c.position.is_(None),
            tables.fact.c.id.not_in(select(tables.fact_unsealed.c.fact)),
        )
    ).scalar_one()
    if strays:
        detail = f"{strays} facts stand outside the chain"
        return ChainReport(False, length, previous, length + 1, detail)
    return ChainReport(True, length, previous)


def _sealed_facts(tx: Tx) -> Iterator[StoredFact]:
    query = (
        select(tables.fact)
        .where(tables.fact.c.tenant == tx.tenant, tables.fact.c.position.is_not(None))
        .order_by(tables.fact.c.position)
    )
    for row in tx.connection.execute(query.execution_options(yield_per=1000)).mappings():
        yield stored_fact(row)
