"""The tables of installed plugins: which versions there are, which one is used, what it may do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, String, Table, Text, delete, select

from stella.kernel import Digest, Remedy, time_text
from stella.plugin.contract.core import Capability, Manifest, Need
from stella.plugin.refusals import UnknownPlugin
from stella.plugin.wire import from_wire, to_wire
from stella.record.tables import metadata
from stella.record.transaction import Tx

plugin = Table(
    "plugin",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    # Empty: the one that is installed beside the server itself.
    Column("version", String(80), nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    # JSON; null: what is granted to those that come with the server.
    Column("granted", Text),
    Column("changed_at", String(27), nullable=False),
)

plugin_version = Table(
    "plugin_version",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("version", String(80), primary_key=True),
    Column("wheel", String(71), nullable=False),
    Column("installed_at", String(27), nullable=False),
    Column("installed_by", String(80), nullable=False),
    # Its manifest, and the digest of its files: what is known where they are gone or changed.
    Column("manifest", Text),
    Column("tree", String(71)),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided about one plugin. version: empty for the one beside the server.

    granted: None where nobody has decided.
    """

    name: str
    version: str = ""
    is_enabled: bool = False
    granted: tuple[Need, ...] | None = None


@dataclass(frozen=True, slots=True)
class InstalledVersion:
    """One version that was installed from a wheel. tree: digest of its files; empty: not noted.

    manifest: as it was installed, None where it was not noted.
    """

    name: str
    version: str
    wheel: str
    installed_at: str
    installed_by: str
    tree: str = ""
    manifest: Manifest | None = None


def list_choices(tx: Tx, *, lock: bool = False) -> dict[str, Choice]:
    """Name -> what was decided. lock: until this transaction ends nobody else decides."""
    query = select(plugin).where(plugin.c.tenant == tx.tenant).order_by(plugin.c.name)
    rows = tx.rows(query.with_for_update() if lock else query)
    return {row["name"]: _choice(row) for row in rows}


def list_versions(tx: Tx, name: str | None = None) -> tuple[InstalledVersion, ...]:
    """What was installed from wheels, by name, the newest last."""
    query = select(plugin_version).where(plugin_version.c.tenant == tx.tenant)
    if name is not None:
        query = query.where(plugin_version.c.name == name)
    rows = tx.rows(query.order_by(plugin_version.c.name, plugin_version.c.installed_at))
    return tuple(
        InstalledVersion(
            row["name"],
            row["version"],
            row["wheel"],
            row["installed_at"],
            row["installed_by"],
            row["tree"] or "",
            from_wire(Manifest, json.loads(row["manifest"])) if row["manifest"] else None,
        )
        for row in rows
    )


def find_version(tx: Tx, name: str, version: str) -> InstalledVersion:
    """Raises UnknownPlugin."""
    for one in list_versions(tx, name):
        if one.version == version:
            return one
    raise UnknownPlugin(
        f"version {version[:40]!r} of the plugin {name[:80]!r} is not installed",
        remedy=Remedy("Install it, or choose one that is.", "stella plugin list"),
        plugin=name[:80],
        version=version[:40],
    )


def installed_wheel(tx: Tx, wheel: Digest) -> Digest:
    """``wheel``, where it is that of an installed version. Raises UnknownPlugin."""
    there = plugin_version.c
    found = tx.row(select(there.name).where(there.tenant == tx.tenant, there.wheel == wheel.text))
    if found is None:
        raise UnknownPlugin(
            f"no plugin was installed from the wheel {wheel.text}",
            remedy=Remedy("Install it.", "stella plugin install WHEEL"),
        )
    return wheel


def put_choice(tx: Tx, value: Choice) -> None:
    """Insert or replace."""
    granted = None
    if value.granted is not None:
        granted = json.dumps([[one.capability.value, list(one.hosts)] for one in value.granted])
    values = {
        "version": value.version,
        "is_enabled": value.is_enabled,
        "granted": granted,
        "changed_at": time_text(tx.now),
    }
    tx.put(plugin, {"name": value.name}, values)


def put_version(tx: Tx, manifest: Manifest, wheel: str, tree: str) -> None:
    """One more version."""
    tx.connection.execute(
        plugin_version.insert(),
        {
            "tenant": tx.tenant,
            "name": manifest.name,
            "version": manifest.version,
            "wheel": wheel,
            "installed_at": time_text(tx.now),
            "installed_by": tx.actor,
            "manifest": json.dumps(to_wire(manifest)),
            "tree": tree,
        },
    )


def delete_version(tx: Tx, name: str, version: str) -> None:
    """It is here no more."""
    there = plugin_version.c
    tx.connection.execute(
        delete(plugin_version).where(
            there.tenant == tx.tenant, there.name == name, there.version == version
        )
    )


def _choice(row: Mapping[Any, Any]) -> Choice:
    granted = None
    if row["granted"] is not None:
        granted = tuple(
            Need(Capability(name), tuple(hosts)) for name, hosts in json.loads(row["granted"])
        )
    return Choice(row["name"], row["version"], row["is_enabled"], granted)
