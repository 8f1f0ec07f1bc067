"""Let one release through one freeze: by a person who did not ask for it, with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Column, Index, String, Table, Text, select

from stella.environment.freeze import holding_freezes
from stella.environment.freeze_rules import holding_rules
from stella.environment.store import find_environment
from stella.identity import Permission, may, present
from stella.identity.model import UNPROVEN, Proof
from stella.kernel import Remedy, time_text
from stella.promotion.errors import AlreadyOverridden, NothingToOverride
from stella.promotion.facts import FreezeOverridden
from stella.promotion.gates.proving import recent_proof
from stella.promotion.model import FreezeInput, OverrideInput, Person, person_of, person_text
from stella.promotion.store import Promotion
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.release.model import Release

_REASON_CHARACTERS_MAX = 1000

freeze_override = Table(
    "freeze_override",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("freeze", String(80), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("release", String(40), nullable=False),
    Column("by", Text, nullable=False),
    Column("at", String(27), nullable=False),
    Column("ends_at", String(27), nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "environment", "release"),
)


@dataclass(frozen=True, slots=True)
class FreezeOverride:
    """One release may pass one window of one freeze. freeze: an id, or a rule's name.

    ends_at: of the window; the next one of the same rule is another.
    """

    id: str
    freeze: str
    environment: str
    release: str
    by: Person
    at: str
    ends_at: str
    reason: str


def override_freeze(
    tx: Tx,
    person: Person,
    *,
    freeze: str,
    environment: str,
    release: Release,
    reason: str,
    proof: Proof = UNPROVEN,
) -> FreezeOverride:
    """It counts for promotions that another person asks for, as long as this window holds.

    Raises UnknownEnvironment, NothingToOverride, AlreadyOverridden, ReauthenticationNeeded.
    """
    # The row is held, or one who asks twice at once would be heard twice.
    place = find_environment(tx, environment, lock=True)
    held = {one.id: one for one in held_freezes(tx, environment, release)}
    if freeze not in held or not 0 < len(reason.strip()) <= _REASON_CHARACTERS_MAX:
        raise NothingToOverride(
            f"an override says why, in {_REASON_CHARACTERS_MAX} characters at most"
            if freeze in held
            else f"no freeze {freeze[:60]!r} holds {release.name} up in {environment} now",
            remedy=Remedy("See what holds.", command=f"stella freeze list --env {environment}"),
            environment=environment,
            holds=sorted(held),
        )
    value = FreezeOverride(
        tx.new_id("fov"),
        freeze,
        environment,
        release.id,
        person,
        time_text(tx.now),
        held[freeze].ends_at,
        reason.strip(),
    )
    _refuse_repeated(tx, value, release)
    recent_proof(tx, place, person, proof)
    row = columns_of(value, by=person_text(person))
    tx.connection.execute(freeze_override.insert(), {"tenant": tx.tenant, **row})
    tx.add(FreezeOverridden(release.id, freeze, environment, value.id, value.ends_at, value.reason))
    return value


def held_freezes(tx: Tx, environment: str, release: Release) -> Sequence[FreezeInput]:
    """The windows that hold for this release there now; ``by`` holds ids, not names."""
    once = [
        FreezeInput(one.id, one.starts_at, one.ends_at, one.reason, one.by)
        for one in holding_freezes(tx, environment)
    ]
    components = frozenset(one.name for one in release.components)
    by_rule = [
        FreezeInput(
            kept.rule.name,
            time_text(window.starts_at),
            time_text(window.ends_at),
            kept.rule.reason,
            kept.by,
        )
        for kept, window in holding_rules(tx, environment, components, tx.now)
    ]
    return [*once, *by_rule]


def overrides_of(
    tx: Tx, promotion: Promotion, release: Release, freeze: FreezeInput
) -> tuple[OverrideInput, ...] | msgspec.UnsetType:
    """Who overrode this window for this release before it was asked for; left out if nobody.

    Theirs counts while they may override one.
    """
    asked_at = promotion.requested_at or time_text(tx.now)
    of_window = _of_window(tx, promotion.environment, release.id, freeze.id, freeze.ends_at)
    given = [one for one in of_window if one.at <= asked_at]
    known = present(tx, {one.by.id for one in given})
    counting = tuple(
        OverrideInput(one.id, one.by, one.at, one.reason)
        for one in given
        if may(known.get(one.by.id), Permission.FREEZE_OVERRIDE)
    )
    return counting or msgspec.UNSET


def _refuse_repeated(tx: Tx, wanted: FreezeOverride, release: Release) -> None:
    given = _of_window(tx, wanted.environment, wanted.release, wanted.freeze, wanted.ends_at)
    for one in given:
        if one.by.id == wanted.by.id:
            raise AlreadyOverridden(
                f"{wanted.by.name} let {release.name} through {one.freeze} at {one.at}",
                remedy=Remedy("It holds until the window ends: let somebody else promote it."),
                override=one.id,
            )


def _of_window(
    tx: Tx, environment: str, release: str, freeze: str, ends_at: str
) -> list[FreezeOverride]:
    """What was given for this release in this window of the freeze, the oldest first."""
    table = freeze_override.c
    query = select(freeze_override).where(
        table.tenant == tx.tenant,
        table.environment == environment,
        table.release == release,
        table.freeze == freeze,
        table.ends_at == ends_at,
    )
    return [_override(row) for row in tx.rows(query.order_by(table.id))]


def _override(row: Any) -> FreezeOverride:
    values = fields_of(row)
    values["by"] = person_of(values["by"])
    return FreezeOverride(**values)
