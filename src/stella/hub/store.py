"""The tables of integrations, how they were, and the built-in store's secrets."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, delete, select
from sqlalchemy.exc import IntegrityError

from stella.hub.errors import UnknownIntegration, UnknownSecret
from stella.hub.model import Health, Integration, KeptSecret, Known
from stella.kernel import Outcome, Remedy, time_text
from stella.plugin.contract.core import Kind
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.trust.envelope import wrapped_under

_HEALTH_MAX = 100

integration = Table(
    "integration",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", String(27), nullable=False),
    Column("used_at", String(27)),
)

integration_health = Table(
    "integration_health",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("integration", String(80), nullable=False),
    Column("at", String(27), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("detail", Text, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Index(None, "tenant", "integration", "id"),
)

secret = Table(
    "secret",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("version", Integer, nullable=False),
    # Encrypted under a key that is not in the database: trust/envelope.py.
    Column("envelope", Text, nullable=False),
    Column("changed_at", String(27), nullable=False),
    Column("changed_by", String(80), nullable=False),
)


def find_integration(tx: Tx, name: str) -> Known:
    """Raises UnknownIntegration."""
    row = tx.row(
        select(integration).where(integration.c.tenant == tx.tenant, integration.c.name == name)
    )
    if row is None:
        raise UnknownIntegration(
            f"there is no integration {name[:80]!r}",
            remedy=Remedy("Apply one, or list them.", command="stella integration list"),
            integration=name[:80],
        )
    return _known(row)


def list_integrations(tx: Tx) -> tuple[Known, ...]:
    """By name."""
    query = select(integration).where(integration.c.tenant == tx.tenant)
    return tuple(_known(row) for row in tx.rows(query.order_by(integration.c.name)))


def put_integration(tx: Tx, value: Integration) -> None:
    """Insert or replace."""
    table = integration.c
    mine = (table.tenant == tx.tenant, table.name == value.name)
    values = {"spec": json.dumps(value.spec()), "changed_at": time_text(tx.now)}
    replaced = tx.connection.execute(
        integration.update().where(*mine).values(**values, revision=table.revision + 1)
    )
    if replaced.rowcount == 0:
        tx.connection.execute(
            integration.insert().values(tenant=tx.tenant, name=value.name, revision=1, **values)
        )


def delete_integration_row(tx: Tx, name: str) -> None:
    """With how it was."""
    health = integration_health.c
    tx.connection.execute(
        delete(integration_health).where(health.tenant == tx.tenant, health.integration == name)
    )
    tx.connection.execute(
        delete(integration).where(integration.c.tenant == tx.tenant, integration.c.name == name)
    )


def note_use(tx: Tx, name: str, at: str) -> None:
    """When it was last used."""
    tx.connection.execute(
        integration.update()
        .where(integration.c.tenant == tx.tenant, integration.c.name == name)
        .values(used_at=at)
    )


def put_health(tx: Tx, value: Health) -> None:
    """One more; of each integration the last hundred are kept."""
    health = integration_health.c
    tx.connection.execute(
        integration_health.insert().values(
            id=tx.new_id("hlt"), tenant=tx.tenant, **columns_of(value, outcome=value.outcome.value)
        )
    )
    mine = (health.tenant == tx.tenant, health.integration == value.integration)
    kept = select(health.id).where(*mine).order_by(health.id.desc()).limit(_HEALTH_MAX)
    oldest = min((row["id"] for row in tx.rows(kept)), default="")
    tx.connection.execute(delete(integration_health).where(*mine, health.id < oldest))


def list_health(tx: Tx, name: str, limit: int = _HEALTH_MAX) -> tuple[Health, ...]:
    """The newest first."""
    health = integration_health.c
    query = select(integration_health).where(health.tenant == tx.tenant, health.integration == name)
    rows = tx.rows(query.order_by(health.id.desc()).limit(limit))
    return tuple(_health(row) for row in rows)


def put_secret_row(tx: Tx, name: str, envelope: str) -> int:
    """Insert or replace; what was there before is gone. Which version it is."""
    values = {"envelope": envelope, "changed_at": time_text(tx.now), "changed_by": tx.actor}
    try:
        before, _ = sealed_secret(tx, name, lock=True)
    except UnknownSecret:
        row = secret.insert().values(tenant=tx.tenant, name=name, version=1, **values)
        try:
            with tx.connection.begin_nested():
                tx.connection.execute(row)
        except IntegrityError:  # somebody else was the first, at this moment
            before, _ = sealed_secret(tx, name, lock=True)
        else:
            return 1
    mine = (secret.c.tenant == tx.tenant, secret.c.name == name)
    tx.connection.execute(secret.update().where(*mine).values(version=before + 1, **values))
    return before + 1


def replace_envelope(tx: Tx, name: str, envelope: str) -> None:
    """The same secret under another key."""
    mine = (secret.c.tenant == tx.tenant, secret.c.name == name)
    tx.connection.execute(secret.update().where(*mine).values(envelope=envelope))


def delete_secret_row(tx: Tx, name: str) -> None:
    """It is gone."""
    tx.connection.execute(delete(secret).where(secret.c.tenant == tx.tenant, secret.c.name == name))


def sealed_secret(tx: Tx, name: str, *, lock: bool = False) -> tuple[int, str]:
    """Version and envelope. Raises UnknownSecret."""
    query = select(secret).where(secret.c.tenant == tx.tenant, secret.c.name == name)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownSecret(
            f"there is no secret {name[:80]!r} in the built-in store",
            remedy=Remedy("Store it, or list what is there.", command="stella secret list"),
            secret=name[:80],
        )
    return row["version"], row["envelope"]


def list_secrets(tx: Tx) -> tuple[KeptSecret, ...]:
    """By name, without their values."""
    users: dict[str, list[str]] = {}
    for known in list_integrations(tx):
        for reference in known.integration.credentials.values():
            users.setdefault(reference, []).append(known.integration.name)
    rows = tx.rows(select(secret).where(secret.c.tenant == tx.tenant).order_by(secret.c.name))
    return tuple(_secret(row, users) for row in rows)


def envelopes(tx: Tx) -> dict[str, str]:
    """Name -> envelope of every secret, locked."""
    query = select(secret.c.name, secret.c.envelope).where(secret.c.tenant == tx.tenant)
    return {row["name"]: row["envelope"] for row in tx.rows(query.with_for_update())}


def _secret(row: Mapping[Any, Any], users: Mapping[str, list[str]]) -> KeptSecret:
    return KeptSecret(
        name=row["name"],
        version=row["version"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        key_id=wrapped_under(row["envelope"]),
        used_by=tuple(users.get(f"secret://{row['name']}", ())),
    )


def _known(row: Mapping[Any, Any]) -> Known:
    spec = json.loads(row["spec"])
    value = Integration(
        name=row["name"],
        kind=Kind(spec["kind"]),
        connector=spec["connector"],
        endpoint=spec["endpoint"],
        config=spec["config"],
        credentials=spec["credentials"],
        hosts=tuple(spec["hosts"]),
        networks=tuple(spec["networks"]),
        roles=tuple(spec["roles"]),
        ca=spec["ca"],
        proxy=spec["proxy"],
        timeout_s=spec["timeoutS"],
        requests_per_s=spec["requestsPerS"],
        rotate_by=spec["rotateBy"],
        enabled=spec["enabled"],
    )
    return Known(value, row["revision"], row["changed_at"], row["used_at"])


def _health(row: Mapping[Any, Any]) -> Health:
    values = fields_of(row)
    del values["id"]
    return Health(**{**values, "outcome": Outcome(values["outcome"])})
