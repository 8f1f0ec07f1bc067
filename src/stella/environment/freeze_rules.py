"""The rules by which everything or a part of it is frozen: applied, kept, asked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, String, Table, Text, delete, select

from stella.environment.document import malformed
from stella.environment.facts import FreezeRuleApplied, FreezeRuleDeleted
from stella.environment.freeze_rule import FreezeRule, parse_freeze_rule
from stella.environment.recurrence import Window
from stella.environment.store import list_environments
from stella.kernel import Json, digest_of, parse_time
from stella.kernel.change import Change, changed
from stella.record.owners import forget_owner
from stella.record.tables import metadata
from stella.record.transaction import Tx

_RULES_MAX = 500
_WINDOWS_MAX = 1000

freeze_rule = Table(
    "freeze_rule",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("by", String(80), nullable=False),
)


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule, and the id of who applied it last."""

    rule: FreezeRule
    by: str


def apply_freeze_rule(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change a rule. Raises MalformedDocument."""
    value = parse_freeze_rule(name, spec)
    there = {one.name for one in list_environments(tx)}
    for environment in value.environments:
        if environment not in there:
            raise malformed("Freeze", name, f"there is no environment {environment[:80]!r}")
    known = {one.rule.name: one.rule.spec() for one in list_freeze_rules(tx)}
    if name not in known and len(known) >= _RULES_MAX:
        raise malformed("Freeze", name, f"there are {_RULES_MAX} of them already")
    change = changed("Freeze", name, known.get(name), value.spec())
    if change.change == "unchanged":
        return change
    values = {"spec": json.dumps(value.spec(), sort_keys=True), "by": tx.actor}
    tx.put(freeze_rule, {"name": name}, values)
    tx.add(FreezeRuleApplied(name, change.change, digest_of(value.spec()).text))
    return change


def delete_freeze_rule(tx: Tx, name: str) -> None:
    """End a rule: what it holds up now is held up no more."""
    table = freeze_rule.c
    tx.connection.execute(delete(freeze_rule).where(table.tenant == tx.tenant, table.name == name))
    forget_owner(tx, "Freeze", name)
    tx.add(FreezeRuleDeleted(name))


def list_freeze_rules(tx: Tx) -> tuple[KeptRule, ...]:
    """By name."""
    query = select(freeze_rule).where(freeze_rule.c.tenant == tx.tenant)
    return tuple(_kept(row) for row in tx.rows(query.order_by(freeze_rule.c.name)))


def holding_rules(
    tx: Tx, environment: str, components: frozenset[str] | None, at: datetime
) -> Iterator[tuple[KeptRule, Window]]:
    """The rules that hold there then, for a release with these components (None: any); by name."""
    for one in list_freeze_rules(tx):
        held = one.rule.holding(at) if one.rule.concerns(environment, components) else None
        if held is not None:
            yield one, held


def is_frozen_by_rule(tx: Tx, environment: str, at: str) -> bool:
    """Whether a rule holds up everything or a part there at that time, RFC 3339."""
    return any(True for _ in holding_rules(tx, environment, None, parse_time(at)))


def coming_windows(
    tx: Tx, after: datetime, before: datetime, environment: str | None = None
) -> tuple[tuple[tuple[KeptRule, Window], ...], bool]:
    """What rules hold up between two times, in the order of time; whether there are more than shown."""
    found: list[tuple[KeptRule, Window]] = []
    for one in list_freeze_rules(tx):
        if not one.rule.enabled or (environment and not one.rule.concerns(environment)):
            continue
        for number, window in enumerate(one.rule.windows(after, before)):
            if number > _WINDOWS_MAX:
                break
            found.append((one, window))
    found.sort(key=lambda pair: (pair[1].starts_at, pair[0].rule.name))
    return tuple(found[:_WINDOWS_MAX]), len(found) > _WINDOWS_MAX


def _kept(row: Any) -> KeptRule:
    return KeptRule(parse_freeze_rule(row["name"], json.loads(row["spec"])), row["by"])
