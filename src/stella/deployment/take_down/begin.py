"""Begin a take-down: look whether it may be, write down by what, make the artifacts, go."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from stella.deployment.artifacts import SCRIPT, STICKER_FILE, removal_script, removal_sticker
from stella.deployment.errors import (
    NothingToTakeDown,
    PlaceOfAnother,
    TakeDownIsBusy,
    TakeDownPlanChanged,
    TakeDownRefused,
)
from stella.deployment.facts import TakeDownStarted
from stella.deployment.lifecycle import TAKE_DOWN, TARGET_DEPLOYMENT
from stella.deployment.plan import PlannedRelease
from stella.deployment.store import (
    Artifact,
    TargetDeployment,
    current_deployment,
    insert_target,
    put_artifact,
)
from stella.deployment.take_down.begun import others_at
from stella.deployment.take_down.decide import (
    EmptyingInput,
    FreezeThere,
    TakeDownDecision,
    TakeDownInput,
    decide_take_down,
    document_bytes,
)
from stella.deployment.take_down.plan import TakeDownPlan, TakenTarget, plan_bytes
from stella.deployment.take_down.planning import Removing, plan_take_down
from stella.deployment.take_down.store import TakeDown, insert_take_down, open_take_down
from stella.deployment.turns import next_target
from stella.environment.emptied import note_emptying
from stella.environment.freeze import holding_freezes
from stella.environment.freeze_rules import holding_rules
from stella.environment.model import Environment, configuration
from stella.environment.store import find_environment, list_targets
from stella.kernel import Digest, Remedy, canonical_json, time_text
from stella.plugin.order import Purpose
from stella.promotion.model import Person
from stella.promotion.queue import now_deploying
from stella.record.transaction import Tx
from stella.release.store import find_release

_REASON_CHARACTERS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a take-down would do now. digest: of the plan; against: why it may not be, empty where it may."""

    plan: TakeDownPlan
    digest: str
    against: tuple[str, ...]


def foresee_take_down(tx: Tx, person: Person, name: str, removing: Removing) -> Foreseen:
    """What would be taken away there now, and what is against it. Nothing is changed.

    Raises UnknownEnvironment, CannotTakeDown.
    """
    place = find_environment(tx, name)
    plan = plan_take_down(tx, name, removing)
    digest = Digest.of(plan_bytes(plan)).text
    given = _given(tx, "", person, place, reason="asked", plan=digest, removing=removing)
    against = [*decide_take_down(given).reasons, *_busy(tx, name)]
    against += _others(tx, plan)
    if not plan.targets:
        against.append("nothing runs there")
    return Foreseen(plan, digest, tuple(against))


def begin_take_down(
    tx: Tx,
    person: Person,
    name: str,
    removing: Removing,
    *,
    reason: str,
    plan_digest: str | None = None,
    ends_at: str | None = None,
) -> TakeDown:
    """Take away what runs there; nothing else goes in until it has ended.

    plan_digest: of what was shown, where something was. ends_at: where its end has come and nobody asked.
    Raises UnknownEnvironment, TakeDownIsBusy, NothingToTakeDown, TakeDownPlanChanged, PlaceOfAnother,
    TakeDownRefused, CannotTakeDown.
    """
    place = find_environment(tx, name, lock=True)
    _refuse_busy(tx, name)
    plan = plan_take_down(tx, name, removing)
    digest = Digest.of(plan_bytes(plan)).text
    _refuse_other(name, plan, digest, plan_digest)
    _refuse_others(tx, plan)
    take_down = tx.new_id("tkd")
    given = _given(
        tx, take_down, person, place, reason=reason, plan=digest, removing=removing, ends_at=ends_at
    )
    decision = decide_take_down(given)
    _refuse_not_allowed(name, decision)
    # Kept only now: what was asked for and refused leaves nothing.
    for content in (_snapshot(tx, place), plan_bytes(plan)):
        removing.blobs.put(content)
    current = current_deployment(tx, name)
    value = TakeDown(
        id=take_down,
        environment=name,
        state=TAKE_DOWN.start,
        deployment=current.id if current else None,
        release=current.release if current else None,
        plan=digest,
        input=removing.blobs.put(document_bytes(given)).text,
        record=removing.blobs.put(document_bytes(decision)).text,
        requested_by=person,
        reason=given.reason,
        simulated=removing.simulated,
        started_at=time_text(tx.now),
        ends_at=ends_at,
    )
    insert_take_down(tx, value)
    note_emptying(tx, value.id, name, value.started_at)
    for position, target in enumerate(plan.targets):
        _make_target(tx, value, target, position, removing)
    tx.add(
        TakeDownStarted(
            value.id,
            name,
            value.release,
            value.plan,
            value.input,
            value.record,
            value.reason,
            ends_at,
        )
    )
    next_target(tx, value.id)
    return value


def _refuse_busy(tx: Tx, name: str) -> None:
    for why in _busy(tx, name):
        raise TakeDownIsBusy(
            f"{name} cannot be taken down now: {why}",
            remedy=Remedy("Wait for its end, then ask again.", f"stella environment get {name}"),
            environment=name,
        )


def _refuse_other(name: str, plan: TakeDownPlan, digest: str, shown: str | None) -> None:
    """Return where something is to be taken away, and it is what was shown."""
    if not plan.targets:
        raise NothingToTakeDown(
            f"nothing runs in {name}",
            remedy=Remedy("Nothing is left to do.", command=f"stella environment get {name}"),
            environment=name,
        )
    if shown not in {None, digest}:
        raise TakeDownPlanChanged(
            f"what would be taken away in {name} is not what was shown",
            remedy=Remedy(
                "Look at it again.", command=f"stella environment take-down {name} --dry-run"
            ),
            environment=name,
            plan=digest,
        )


def _refuse_not_allowed(name: str, decision: TakeDownDecision) -> None:
    if decision.outcome != "allowed":
        raise TakeDownRefused(
            f"{name} is not taken down: {'; '.join(decision.reasons)}",
            remedy=Remedy("See what is against it.", f"stella environment get {name}"),
            environment=name,
            reasons=list(decision.reasons),
        )


def _refuse_others(tx: Tx, plan: TakeDownPlan) -> None:
    """Return where all that goes is this environment's: what is removed is found by its place alone."""
    reasons = list(_others(tx, plan))
    if reasons:
        raise PlaceOfAnother(
            f"{plan.environment} is not taken down: {'; '.join(reasons)}",
            remedy=Remedy(
                "Take down the other environment first, or give its target another project.",
                command="stella environment list",
            ),
            environment=plan.environment,
            reasons=reasons,
        )


def _others(tx: Tx, plan: TakeDownPlan) -> Iterator[str]:
    for agent, project in sorted({(one.agent, one.project) for one in plan.targets}):
        yield from others_at(tx, plan.environment, agent, project)


def _busy(tx: Tx, name: str) -> Iterator[str]:
    """What goes in or away just now."""
    deploying, taking = now_deploying(tx, name), open_take_down(tx, name)
    if deploying is not None:
        yield f"{deploying.id} is being deployed there"
    if taking is not None:
        yield f"{taking.id} takes it down already"


def _snapshot(tx: Tx, place: Environment) -> bytes:
    return canonical_json(configuration(place, list_targets(tx, place.name)))


def _given(
    tx: Tx,
    take_down: str,
    person: Person,
    place: Environment,
    *,
    reason: str,
    plan: str,
    removing: Removing,
    ends_at: str | None = None,
) -> TakeDownInput:
    current = current_deployment(tx, place.name)
    release = find_release(tx, current.release) if current else None
    freezes = [
        FreezeThere(one.id, one.ends_at, one.reason) for one in holding_freezes(tx, place.name)
    ]
    freezes += [
        FreezeThere(kept.rule.name, time_text(window.ends_at), kept.rule.reason)
        for kept, window in holding_rules(tx, place.name, None, tx.now)
    ]
    return TakeDownInput(
        take_down=take_down,
        now=time_text(tx.now),
        requested_by=person,
        reason=" ".join(reason.split())[:_REASON_CHARACTERS_MAX],
        environment=EmptyingInput(
            name=place.name,
            configuration=Digest.of(_snapshot(tx, place)).text,
            approvals=tuple(one.rule for one in place.approvals),
            freezes=tuple(freezes),
        ),
        running=PlannedRelease(release.id, release.name, release.version, release.digest)
        if release
        else None,
        plan=plan,
        simulated=removing.simulated,
        ends_at=msgspec.UNSET if ends_at is None else ends_at,
    )


def _make_target(
    tx: Tx, value: TakeDown, target: TakenTarget, position: int, removing: Removing
) -> None:
    """Its row and its artifacts."""
    placed = removal_sticker(
        removing.signer,
        value.environment,
        target.release,
        target.target,
        take_down=value.id,
        record=value.record,
        at=value.started_at,
        simulated=value.simulated,
    )
    script = removal_script(value.environment, target.release, target, simulated=value.simulated)
    _keep(tx, removing, value.id, (target.target, SCRIPT), script)
    insert_target(
        tx,
        TargetDeployment(
            id=tx.new_id("tdp"),
            deployment=value.id,
            position=position,
            target=target.target,
            purpose=Purpose.TAKE_DOWN.value,
            connector=target.connector,
            agent=target.agent,
            plan=value.plan,
            state=TARGET_DEPLOYMENT.start,
            sticker=_keep(tx, removing, value.id, (target.target, STICKER_FILE), placed),
        ),
    )


def _keep(tx: Tx, removing: Removing, take_down: str, file: tuple[str, str], content: bytes) -> str:
    """Store an artifact. file: target and name."""
    digest = removing.blobs.put(content).text
    put_artifact(tx, Artifact(take_down, *file, digest, len(content)))
    return digest
