"""The tables of integrations, how they were, and the built-in store's secrets."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, delete, select
from sqlalchemy.exc import IntegrityError

from stella.hub.errors import UnknownIntegration, UnknownSecret
from stella.hub.model import Health, Integration, KeptSecret, Known, SecretUse
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
    # What a connector is found by: names are compared in lower case.
    Column("kind", String(40), nullable=False),
    Column("place", String(1024), nullable=False),
    Index(None, "tenant", "kind", "place"),
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

secret_use = Table(
    "secret_use",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("secret", String(80), primary_key=True),
    Column("integration", String(80), primary_key=True),
    # Digest of where the integration led when it was allowed: Integration.place.
    Column("place", String(71), nullable=False),
    Column("allowed_by", String(80), nullable=False),
    Column("allowed_at", String(27), nullable=False),
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


def keep_integrations(tx: Tx, names: Collection[str], *, lock: bool = False) -> None:
    """Those of these that are there stay until this transaction ends. lock: nobody else keeps them."""
    table = integration.c
    query = select(table.name).where(table.tenant == tx.tenant)
    # ``names`` may be every word of a large text, and a statement takes so many values only.
    there = sorted({row["name"] for row in tx.rows(query)}.intersection(names))
    if there:
        query = query.where(table.name.in_(there)).order_by(table.name)
        tx.rows(query.with_for_update(read=not lock))


def integration_at(tx: Tx, kind: Kind, endpoint: str) -> Known | None:
    """The one that leads there, in whatever case it is written; the first by name."""
    table = integration.c
    query = select(integration).where(
        table.tenant == tx.tenant, table.kind == kind.value, table.place == endpoint.lower()
    )
    row = tx.row(query.order_by(table.name).limit(1))
    return None if row is None else _known(row)


def list_integrations(tx: Tx) -> tuple[Known, ...]:
    """By name."""
    query = select(integration).where(integration.c.tenant == tx.tenant)
    return tuple(_known(row) for row in tx.rows(query.order_by(integration.c.name)))


def put_integration(tx: Tx, value: Integration) -> None:
    """Insert or replace."""
    table = integration.c
    mine = (table.tenant == tx.tenant, table.name == value.name)
    values = {
        "spec": json.dumps(value.spec()),
        "changed_at": time_text(tx.now),
        "kind": value.kind.value,
        "place": value.endpoint.lower(),
    }
    replaced = tx.connection.execute(
        integration.update().where(*mine).values(revision=table.revision + 1), values
    )
    if replaced.rowcount == 0:
        tx.connection.execute(
            integration.insert(),
            {
                "tenant": tx.tenant,
                "name": value.name,
                "revision": 1,
                **values,
            },
        )


def delete_integration_row(tx: Tx, name: str) -> None:
    """With how it was, and what it was allowed."""
    use = secret_use.c
    tx.connection.execute(
        delete(secret_use).where(use.tenant == tx.tenant, use.integration == name)
    )
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
        integration.update().where(integration.c.tenant == tx.tenant, integration.c.name == name),
        {"used_at": at},
    )


def put_health(tx: Tx, value: Health) -> None:
    """One more; of each integration the last hundred are kept."""
    health = integration_health.c
    tx.connection.execute(
        integration_health.insert(),
        {
            "id": tx.new_id("hlt"),
            "tenant": tx.tenant,
            **columns_of(value, outcome=value.outcome.value),
        },
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
    tx.connection.execute(secret.update().where(*mine), {"version": before + 1, **values})
    return before + 1


def replace_envelope(tx: Tx, name: str, envelope: str) -> None:
    """The same secret under another key."""
    mine = (secret.c.tenant == tx.tenant, secret.c.name == name)
    tx.connection.execute(secret.update().where(*mine), {"envelope": envelope})


def delete_secret_row(tx: Tx, name: str) -> None:
    """It is gone, and so is what was allowed."""
    use = secret_use.c
    tx.connection.execute(delete(secret_use).where(use.tenant == tx.tenant, use.secret == name))
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
    users: dict[str, list[Integration]] = {}
    for known in list_integrations(tx):
        for name in known.integration.secrets:
            users.setdefault(name, []).append(known.integration)
    uses: dict[str, list[SecretUse]] = {}
    for use in list_uses(tx):
        uses.setdefault(use.secret, []).append(use)
    rows = tx.rows(select(secret).where(secret.c.tenant == tx.tenant).order_by(secret.c.name))
    return tuple(
        _secret(row, users.get(row["name"], []), uses.get(row["name"], [])) for row in rows
    )


def list_uses(tx: Tx, secret_name: str | None = None) -> tuple[SecretUse, ...]:
    """What integrations are allowed, by secret and integration."""
    use = secret_use.c
    query = select(secret_use).where(use.tenant == tx.tenant)
    if secret_name is not None:
        query = query.where(use.secret == secret_name)
    rows = tx.rows(query.order_by(use.secret, use.integration))
    return tuple(SecretUse(**fields_of(row)) for row in rows)


def put_use(tx: Tx, value: SecretUse) -> None:
    """Insert or replace."""
    delete_use(tx, value.secret, value.integration)
    tx.connection.execute(secret_use.insert(), {"tenant": tx.tenant, **columns_of(value)})


def delete_use(tx: Tx, secret_name: str, integration_name: str) -> bool:
    """Whether it was there."""
    use = secret_use.c
    mine = (use.secret == secret_name, use.integration == integration_name)
    gone = tx.connection.execute(delete(secret_use).where(use.tenant == tx.tenant, *mine))
    return gone.rowcount > 0


def stored_by(tx: Tx, name: str) -> str:
    """Who stored a secret's present version, and so knows it. Raises UnknownSecret."""
    sealed_secret(tx, name)
    query = select(secret.c.changed_by).where(secret.c.tenant == tx.tenant, secret.c.name == name)
    return str(tx.connection.execute(query).scalar_one())


def envelopes(tx: Tx, *, lock: bool = False) -> dict[str, str]:
    """Name -> envelope of every secret."""
    query = select(secret.c.name, secret.c.envelope).where(secret.c.tenant == tx.tenant)
    rows = tx.rows(query.with_for_update() if lock else query)
    return {row["name"]: row["envelope"] for row in rows}


def _secret(
    row: Mapping[Any, Any], users: Sequence[Integration], uses: Sequence[SecretUse]
) -> KeptSecret:
    places = {one.integration: one.place for one in uses}
    return KeptSecret(
        name=row["name"],
        version=row["version"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        key_id=wrapped_under(row["envelope"]),
        used_by=tuple(one.name for one in users),
        allowed=tuple(uses),
        waiting=tuple(one.name for one in users if places.get(one.name) != one.place),
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
        environments=tuple(spec.get("environments", ())),  # rows from before there were any
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
