"""The tables of environments, targets and freeze windows."""

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Column, Index, String, Table, Text, delete, select

from stella.environment.errors import UnknownEnvironment, UnknownFreeze
from stella.environment.model import (
    ApprovalRule,
    Automatic,
    BreakGlassRule,
    Environment,
    Excluded,
    Freeze,
    Pick,
    PromotionRules,
    Soak,
    StepUse,
    Target,
)
from stella.kernel import Json, Remedy
from stella.plugin.reached import read_reach
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

environment = Table(
    "environment",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
)

target = Table(
    "target",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("environment", String(80), nullable=False),
    Column("spec", Text, nullable=False),
    Index(None, "environment"),
)

freeze = Table(
    "freeze",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("starts_at", String(27), nullable=False),
    Column("ends_at", String(27), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("ended_at", String(27)),
    Index(None, "environment"),
)


def find_environment(tx: Tx, name: str, *, lock: bool = False) -> Environment:
    """Raises UnknownEnvironment. lock: hold the row, so that one promotion at a time decides."""
    query = select(environment).where(environment.c.tenant == tx.tenant, environment.c.name == name)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownEnvironment(
            f"there is no environment {name[:80]!r}",
            remedy=Remedy("Apply one, or list them.", command="stella environment list"),
            environment=name[:80],
        )
    return _environment(row)


def keep_environment(tx: Tx, name: str) -> None:
    """It stays as it is until this transaction ends; others may keep it as well."""
    query = select(environment.c.name).where(
        environment.c.tenant == tx.tenant, environment.c.name == name
    )
    tx.row(query.with_for_update(read=True))


def hold_environments(tx: Tx, names: Collection[str] | None = None) -> None:
    """Nobody else keeps or holds those of these that are there, all where None, until this ends.

    Who decides holds an environment first, and then what it names. Whoever changes such things and
    comes to environments afterwards holds those before, and in one order, or each waits for the other.
    """
    if tx.connection.dialect.name != "postgresql":
        return  # the transaction owns the file
    for one in list_environments(tx):
        if names is None or one.name in names:
            with suppress(UnknownEnvironment):  # it was ended just now
                find_environment(tx, one.name, lock=True)


def list_environments(tx: Tx) -> tuple[Environment, ...]:
    """In the order of ``in_order``."""
    rows = tx.rows(select(environment).where(environment.c.tenant == tx.tenant))
    return in_order(_environment(row) for row in rows)


def followers(tx: Tx, name: str) -> tuple[Environment, ...]:
    """The environments into which goes by itself what comes to run in ``name``."""
    return tuple(
        one
        for one in list_environments(tx)
        if one.promotions.automatic is not None and one.promotions.automatic.after == name
    )


def in_order(environments: Iterable[Environment]) -> tuple[Environment, ...]:
    """Each way from its first environment to its last, by name where ways part or begin."""
    left = {one.name: one for one in sorted(environments, key=lambda one: one.name)}
    followers: dict[str, list[str]] = {}
    for one in left.values():
        if one.after in left:
            followers.setdefault(one.after or "", []).append(one.name)
    ordered: list[Environment] = []
    # A circle is refused when it is applied; what stands in one all the same is still shown.
    for first in [name for name, one in left.items() if one.after not in left] + list(left):
        waiting = [first]
        while waiting:
            name = waiting.pop()
            if name in left:
                ordered.append(left.pop(name))
                waiting += reversed(followers.get(name, ()))
    return tuple(ordered)


def put_environment(tx: Tx, value: Environment) -> None:
    """Insert or replace."""
    tx.put(environment, {"name": value.name}, {"spec": _text(value.spec())})


def put_target(tx: Tx, value: Target) -> None:
    """Insert or replace."""
    values = {"environment": value.environment, "spec": _text(value.spec())}
    tx.put(target, {"name": value.name}, values)


def delete_environment_row(tx: Tx, name: str) -> None:
    """The environment alone."""
    table = environment.c
    tx.connection.execute(delete(environment).where(table.tenant == tx.tenant, table.name == name))


def delete_target_row(tx: Tx, name: str) -> None:
    """The target alone."""
    table = target.c
    tx.connection.execute(delete(target).where(table.tenant == tx.tenant, table.name == name))


def list_targets(tx: Tx, of: str | None = None) -> tuple[Target, ...]:
    """By name; ``of``: of one environment."""
    query = select(target).where(target.c.tenant == tx.tenant)
    if of is not None:
        query = query.where(target.c.environment == of)
    return tuple(_target(row) for row in tx.rows(query.order_by(target.c.name)))


def target_named(tx: Tx, name: str) -> Target | None:
    """None where there is no such target."""
    row = tx.row(select(target).where(target.c.tenant == tx.tenant, target.c.name == name))
    return None if row is None else _target(row)


def insert_freeze(tx: Tx, value: Freeze) -> None:
    """A new window."""
    tx.connection.execute(freeze.insert(), {"tenant": tx.tenant, **columns_of(value)})


def end_freeze_row(tx: Tx, freeze_id: str, at: str) -> None:
    """Note when it was ended."""
    tx.connection.execute(
        freeze.update().where(freeze.c.tenant == tx.tenant, freeze.c.id == freeze_id),
        {"ended_at": at},
    )


def find_freeze(tx: Tx, freeze_id: str) -> Freeze:
    """Raises UnknownFreeze."""
    row = tx.row(select(freeze).where(freeze.c.tenant == tx.tenant, freeze.c.id == freeze_id))
    if row is None:
        raise UnknownFreeze(
            f"there is no freeze {freeze_id[:60]!r}",
            remedy=Remedy("List them.", command="stella freeze list"),
            freeze=freeze_id[:60],
        )
    return _freeze(row)


def list_freezes(tx: Tx, of: str | None = None) -> tuple[Freeze, ...]:
    """The newest first; ``of``: of one environment."""
    query = select(freeze).where(freeze.c.tenant == tx.tenant)
    if of is not None:
        query = query.where(freeze.c.environment == of)
    return tuple(_freeze(row) for row in tx.rows(query.order_by(freeze.c.id.desc())))


def _text(spec: Mapping[str, Json]) -> str:
    return json.dumps(spec, sort_keys=True)


def _environment(row: Any) -> Environment:
    spec = json.loads(row["spec"])
    rules = tuple(_rule(one) for one in spec["approvals"])
    steps = spec.get("steps", {"before": [], "after": []})
    before, after = (
        tuple(StepUse(one["name"], one["step"], one["with"]) for one in steps[phase])
        for phase in ("before", "after")
    )
    soak, glass = spec.get("soak"), spec.get("breakGlass")
    return Environment(
        row["name"],
        spec["after"],
        spec["policy"],
        spec["parameters"],
        rules,
        before,
        after,
        Soak(soak["in"], soak["hours"]) if soak else None,
        BreakGlassRule(tuple(glass["by"]), glass["hoursMax"]) if glass else None,
        _promotions(spec.get("promotions", {})),
        spec.get("endsAt"),
        spec.get("reauthenticate", {}).get("minutes"),
    )


def _promotions(spec: Mapping[str, Any]) -> PromotionRules:
    automatic = spec.get("automatic")
    return PromotionRules(
        spec.get("expiresAfter"),
        spec.get("supersede") == "older",
        Automatic(automatic.get("from"), Pick(automatic["pick"])) if automatic else None,
    )


def _rule(spec: Mapping[str, Any]) -> ApprovalRule:
    return ApprovalRule(
        rule=spec["rule"],
        approvers=tuple(spec["approvers"]),
        count=spec["count"],
        exclude=tuple(Excluded(one) for one in spec.get("exclude", (Excluded.REQUESTER,))),
        expires_after_h=spec.get("expiresAfter"),
        after=spec.get("after"),
        worsened=spec.get("when", {}).get("findingsWorsened"),
    )


def _target(row: Any) -> Target:
    spec = json.loads(row["spec"])
    spec["components"] = tuple(spec["components"])
    reach = spec.pop("reach", None)
    return Target(name=row["name"], **spec, reach=read_reach(reach) if reach else None)


def _freeze(row: Any) -> Freeze:
    return Freeze(**fields_of(row))
