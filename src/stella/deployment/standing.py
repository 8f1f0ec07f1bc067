"""Would what runs be let in today? Judged anew where findings, policies or environments change.

Only gates that speak of what it is are asked: a freeze or a missing approval says nothing about what
runs already. The answer stops nothing; it is shown, and told where it becomes another.
"""

import json
from dataclasses import dataclass

from sqlalchemy import Column, String, Table, Text, select

from stella.deployment.facts import StandingChanged
from stella.deployment.store import current_deployment
from stella.environment.store import list_environments
from stella.kernel import StellaError, time_text
from stella.promotion.assemble import Deciding
from stella.promotion.evaluate import preview_promotion
from stella.promotion.model import GateState
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.release.store import find_release

_GATES = frozenset({"policy", "origin"})
_REASONS_MAX = 20
_TEXT_MAX = 300

standing = Table(
    "standing",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("environment", String(80), primary_key=True),
    Column("deployment", String(40), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reasons", Text, nullable=False),
    Column("at", String(27), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How what runs in an environment stands. outcome: pass, blocked or unknown; reasons: why not."""

    environment: str
    deployment: str
    outcome: GateState
    reasons: tuple[str, ...]
    at: str


def judge_standing(tx: Tx, environment: str, deciding: Deciding) -> Standing | None:
    """Judge what runs there now, keep how it stands, and tell where that is something else.

    None where nothing runs there.
    """
    current = current_deployment(tx, environment)
    if current is None:
        return None
    outcome, reasons = _judged(tx, current.release, environment, deciding)
    before = find_standing(tx, environment)
    now = Standing(environment, current.id, outcome, reasons, time_text(tx.now))
    _put(tx, now)
    was = before.outcome if before is not None else GateState.PASS
    if was is not outcome:
        tx.add(
            StandingChanged(environment, current.id, current.release, outcome.value, reasons[:3])
        )
    return now


def environments_running(tx: Tx, image: str | None) -> tuple[str, ...]:
    """Where a release with that image runs now; None: wherever anything runs.

    image: digest of an index or of a platform.
    """
    found = []
    for environment in list_environments(tx):
        current = current_deployment(tx, environment.name)
        if current is None:
            continue
        images = {
            digest
            for component in find_release(tx, current.release).components
            for digest in (component.digest, *(one.digest for one in component.platforms))
        }
        if image is None or image in images:
            found.append(environment.name)
    return tuple(found)


def find_standing(tx: Tx, environment: str) -> Standing | None:
    """How it stood when it was judged last; of an earlier deployment, where that was the last one."""
    row = tx.row(
        select(standing).where(
            standing.c.tenant == tx.tenant, standing.c.environment == environment
        )
    )
    if row is None:
        return None
    return Standing(
        environment=row["environment"],
        deployment=row["deployment"],
        outcome=GateState(row["outcome"]),
        reasons=tuple(json.loads(row["reasons"])),
        at=row["at"],
    )


def _judged(
    tx: Tx, release: str, environment: str, deciding: Deciding
) -> tuple[GateState, tuple[str, ...]]:
    person = deciding.person_of(tx, "system")
    try:
        decision, _ = preview_promotion(
            tx, person, find_release(tx, release), environment, deciding, hypothetical=True
        )
    except StellaError as refusal:
        return GateState.UNKNOWN, (f"it cannot be judged: {refusal}"[:_TEXT_MAX],)
    gates = [one for one in decision.gates if one.name in _GATES]
    states = {one.state for one in gates}
    outcome = next(
        (one for one in (GateState.BLOCKED, GateState.UNKNOWN) if one in states), GateState.PASS
    )
    reasons = [reason.message for gate in gates for reason in gate.reasons]
    return outcome, tuple(one[:_TEXT_MAX] for one in reasons[:_REASONS_MAX])


def _put(tx: Tx, value: Standing) -> None:
    values = {
        "deployment": value.deployment,
        "outcome": value.outcome.value,
        "reasons": json.dumps(value.reasons),
        "at": value.at,
    }
    tx.put(standing, {"environment": value.environment}, values)
