"""Which short-lived credentials stores made for us, so that a killed server's are given back as well.

A row says which lease it is and who uses it, never what the credential is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, String, Table, Text, delete, select

from stella.kernel import digest_of, time_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

secret_lease = Table(
    "secret_lease",
    metadata,
    Column("tenant", String(40), primary_key=True),
    # Digest of the integration and the lease's id, which may be long.
    Column("key", String(71), primary_key=True),
    Column("integration", String(80), nullable=False),
    Column("lease", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("holder", String(40), nullable=False),
    Column("seen_at", String(27), nullable=False),
    Column("expires_at", String(27)),
)


@dataclass(frozen=True, slots=True)
class Lease:
    """One lease. reference: what was read, without its key. holder: the server that uses it.

    seen_at: when that was last heard of. expires_at: None where its store does not say.
    """

    integration: str
    lease: str
    reference: str
    holder: str
    seen_at: str
    expires_at: str | None

    @property
    def key(self) -> str:
        """By which it is known."""
        return lease_key(self.integration, self.lease)


def lease_key(integration: str, lease: str) -> str:
    """By which a lease is known."""
    return digest_of({"integration": integration, "lease": lease}).text


def put_lease(tx: Tx, value: Lease) -> None:
    """Insert or replace."""
    tx.put(secret_lease, {"key": value.key}, columns_of(value))


def delete_lease(tx: Tx, key: str) -> None:
    """It has ended; one that is not there is no refusal."""
    mine = (secret_lease.c.tenant == tx.tenant, secret_lease.c.key == key)
    tx.connection.execute(delete(secret_lease).where(*mine))


def any_lease(tx: Tx) -> bool:
    """Whether there is one."""
    return tx.row(select(secret_lease.c.key).where(secret_lease.c.tenant == tx.tenant)) is not None


def still_used(tx: Tx, holder: str) -> None:
    """That server lives, and so do its leases."""
    mine = (secret_lease.c.tenant == tx.tenant, secret_lease.c.holder == holder)
    tx.connection.execute(secret_lease.update().where(*mine), {"seen_at": time_text(tx.now)})


def take_over(tx: Tx, holder: str, before: datetime) -> tuple[Lease, ...]:
    """What servers left that were not heard of since ``before`` is that server's from now on, which
    is to give it back; by key. Those that have ended by themselves are forgotten.
    """
    table, now = secret_lease.c, time_text(tx.now)
    stale = (table.tenant == tx.tenant, table.seen_at < time_text(before))
    tx.connection.execute(delete(secret_lease).where(*stale, table.expires_at < now))
    query = select(secret_lease).where(*stale).order_by(table.key)
    found = tuple(_lease(row) for row in tx.rows(query.with_for_update()))
    for one in found:
        mine = (table.tenant == tx.tenant, table.key == one.key)
        tx.connection.execute(
            secret_lease.update().where(*mine), {"holder": holder, "seen_at": now}
        )
    return found


def _lease(row: Mapping[Any, Any]) -> Lease:
    values = fields_of(row)
    del values["key"]
    return Lease(**values)
