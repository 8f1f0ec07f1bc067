"""The table of lifecycles: applied, ended, and which of them a release takes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Column, String, Table, Text, delete, select, text

from stella.environment.document import malformed
from stella.environment.errors import UnknownLifecycle
from stella.environment.facts import LifecycleApplied, LifecycleDeleted
from stella.environment.lifecycles.document import parse_lifecycle
from stella.environment.lifecycles.model import KIND, Lifecycle, taken_among
from stella.environment.store import hold_environments, keep_environment, list_environments
from stella.kernel import Json, Remedy, digest_of
from stella.kernel.change import Change, changed
from stella.record.owners import forget_owner
from stella.record.tables import metadata
from stella.record.transaction import Tx

_KEPT_MAX = 100

lifecycle = Table(
    "lifecycle",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """The lifecycle that a release takes."""

    name: str
    lifecycle: Lifecycle


def apply_lifecycle(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change a lifecycle, of environments that are there; see ``refuse_rivals``.

    Raises MalformedDocument, LifecycleLoop.
    """
    value = parse_lifecycle(name, spec)
    for environment in sorted(value.environments):
        keep_environment(tx, environment)  # or it could be ended at this moment
    known = list_lifecycles(tx)
    there = {one.name for one in list_environments(tx)}
    reasons = [
        f"there is no environment {one[:80]!r}" for one in value.environments if one not in there
    ]
    if name not in known and len(known) >= _KEPT_MAX:
        reasons.append(f"there are {_KEPT_MAX} of them already")
    if reasons:
        raise malformed(KIND, name, "; ".join(reasons[:20]))
    before = known.get(name)
    change = changed(KIND, name, before.spec() if before else None, value.spec())
    if change.change == "unchanged":
        return change
    tx.put(lifecycle, {"name": name}, {"spec": json.dumps(value.spec(), sort_keys=True)})
    tx.add(LifecycleApplied(name, change.change, digest_of(value.spec()).text))
    return change


def refuse_rivals(tx: Tx, names: Iterable[str]) -> None:
    """Return where each release knows which lifecycle to take. Raises MalformedDocument.

    names: of those that were applied. All of them are, before this is asked: a channel may have gone
    from one to another.
    """
    known = list_lifecycles(tx)
    for name in names:
        value = known[name]
        others = {other: one for other, one in known.items() if other != name}
        reasons = [
            f"releases of the channel {channel} take {other}"
            for other, one in others.items()
            for channel in value.taken_by
            if channel in one.taken_by
        ]
        if value.default:
            reasons += [f"{other} is the default" for other, one in others.items() if one.default]
        if reasons:
            raise malformed(KIND, name, "; ".join(reasons[:20]))


def delete_lifecycle(tx: Tx, name: str) -> None:
    """No release takes it any more; what went its way stays on record."""
    table = lifecycle.c
    tx.connection.execute(delete(lifecycle).where(table.tenant == tx.tenant, table.name == name))
    forget_owner(tx, KIND, name)
    tx.add(LifecycleDeleted(name))


def list_lifecycles(tx: Tx) -> dict[str, Lifecycle]:
    """By name."""
    query = select(lifecycle).where(lifecycle.c.tenant == tx.tenant).order_by(lifecycle.c.name)
    return {row["name"]: _lifecycle(row) for row in tx.rows(query)}


def find_lifecycle(tx: Tx, name: str) -> Lifecycle:
    """Raises UnknownLifecycle."""
    found = list_lifecycles(tx).get(name)
    if found is None:
        raise UnknownLifecycle(
            f"there is no lifecycle {name[:80]!r}",
            remedy=Remedy("Apply one, or list them.", command="stella lifecycle list"),
            lifecycle=name[:80],
        )
    return found


def lifecycle_for(tx: Tx, channel: str, *, keep: bool = False) -> Taken | None:
    """The lifecycle of releases of that channel, else the default one; None where there is neither.

    channel: empty for a release of none. keep: it stays as it is until this transaction ends.
    """
    return taken_of(lifecycles_now(tx, keep=keep), channel)


def taken_of(known: Mapping[str, Lifecycle], channel: str) -> Taken | None:
    """The same among those that were read."""
    name = taken_among({name: (one.taken_by, one.default) for name, one in known.items()}, channel)
    return None if name is None else Taken(name, known[name])


def lifecycles_now(tx: Tx, *, keep: bool = False) -> dict[str, Lifecycle]:
    """By name. keep: all of them stay as they are until this transaction ends."""
    return _kept(tx) if keep else list_lifecycles(tx)


def lifecycles_naming(tx: Tx, environment: str) -> list[str]:
    """The lifecycles with a phase in which that environment is."""
    return [name for name, one in list_lifecycles(tx).items() if environment in one.environments]


def hold_ways(tx: Tx) -> None:
    """Nobody else changes a lifecycle until this transaction ends, and nobody decides by one.

    All environments are held before: who decides comes from one of them to the lifecycles.
    """
    hold_environments(tx)
    if tx.connection.dialect.name != "postgresql":
        return
    # Rows would not do: two that are new could both name one channel.
    tx.connection.execute(text("LOCK TABLE lifecycle IN SHARE ROW EXCLUSIVE MODE"))


def _kept(tx: Tx) -> dict[str, Lifecycle]:
    """All of them, which stay as they are: a channel may be going from one to another just now."""
    query = select(lifecycle).where(lifecycle.c.tenant == tx.tenant).order_by(lifecycle.c.name)
    while True:
        held = {row["name"] for row in tx.rows(query.with_for_update(read=True))}
        found = list_lifecycles(tx)
        if found.keys() <= held:
            return found


def _lifecycle(row: Any) -> Lifecycle:
    return msgspec.convert(json.loads(row["spec"]), type=Lifecycle)
