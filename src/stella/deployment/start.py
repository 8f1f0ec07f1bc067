"""Begin a deployment when its turn comes: judge once more, seal the record, make the artifacts, go."""

from stella.blob import Blobs
from stella.deployment.artifacts import EVIDENCE, SCRIPT, STICKER_FILE, script, sticker
from stella.deployment.facts import DeploymentStarted
from stella.deployment.finish import go_on
from stella.deployment.lifecycle import DEPLOYMENT, TARGET_DEPLOYMENT
from stella.deployment.plan import read_plan
from stella.deployment.steps import make_steps
from stella.deployment.store import (
    Artifact,
    Deployment,
    TargetDeployment,
    current_deployment,
    insert_deployment,
    insert_target,
    put_artifact,
)
from stella.deployment.take_down.store import open_take_down
from stella.environment.errors import UnknownEnvironment
from stella.environment.store import find_environment
from stella.kernel import Digest, time_text
from stella.promotion.assemble import Deciding
from stella.promotion.close import start_promotion
from stella.promotion.evaluate import evaluate_promotion
from stella.promotion.lifecycle import State
from stella.promotion.queue import join_queue, now_deploying, queue_of
from stella.promotion.store import find_promotion
from stella.record.transaction import Tx
from stella.trust import Signer

_MAY_BEGIN = frozenset({State.APPROVED, State.QUEUED})


def take_turn(tx: Tx, promotion_id: str, deciding: Deciding, signer: Signer) -> Deployment | None:
    """Deploy an approved promotion where nothing else is deployed there and nobody waits before it.

    Else it joins the queue. What is no longer approved stays as it is.
    """
    environment = find_promotion(tx, promotion_id).environment
    find_environment(tx, environment, lock=True)
    promotion = find_promotion(tx, promotion_id, lock=True)
    if promotion.state is not State.APPROVED:
        return None
    first = queue_of(tx, environment, limit=1)
    is_before = bool(first) and (first[0].rank, first[0].id) < (promotion.rank, promotion.id)
    if is_before or _is_busy(tx, environment):
        join_queue(tx, promotion)
        return None
    return _start(tx, promotion_id, deciding, signer)


def next_turn(tx: Tx, environment: str, deciding: Deciding, signer: Signer) -> bool:
    """Give the first in the queue its turn, where nothing is deployed there; whether there was one.

    One that the gates no longer let go has left the queue then: ask again.
    """
    try:
        find_environment(tx, environment, lock=True)
    except UnknownEnvironment:
        return False  # it was ended since: nothing waits there
    if _is_busy(tx, environment):
        return False
    for first in queue_of(tx, environment, limit=1):
        if tx.has_caused("GatesDecided", first.id):
            return False  # it fell out and came back since: what brought it back gives it its turn
        _start(tx, first.id, deciding, signer)
        return True
    return False


def _is_busy(tx: Tx, environment: str) -> bool:
    """Whether something is deployed or taken down there just now."""
    return now_deploying(tx, environment) is not None or open_take_down(tx, environment) is not None


def _start(tx: Tx, promotion_id: str, deciding: Deciding, signer: Signer) -> Deployment | None:
    """Deploy it; None where the gates no longer let it go. The caller holds the environment.

    The record that is sealed here, before anything is carried out, is the one that counts.
    """
    promotion = evaluate_promotion(tx, promotion_id, deciding, signer)
    if promotion.state not in _MAY_BEGIN:
        return None
    assert promotion.plan is not None, "a judged promotion has a plan"
    assert promotion.record is not None, "a judged promotion has a record"
    before = current_deployment(tx, promotion.environment)
    value = Deployment(
        id=tx.new_id("dep"),
        promotion=promotion.id,
        release=promotion.release,
        environment=promotion.environment,
        state=DEPLOYMENT.start,
        plan=promotion.plan,
        record=promotion.record,
        previous=before.id if before else None,
        requested_by=promotion.requested_by,
        rollback=promotion.rollback,
        simulated=deciding.simulated,
        started_at=time_text(tx.now),
    )
    insert_deployment(tx, value)
    _make_targets(tx, value, deciding.blobs, signer)
    start_promotion(tx, promotion, value.id)
    tx.add(
        DeploymentStarted(
            value.id, promotion.id, value.environment, value.release, value.plan, value.record
        )
    )
    go_on(tx, value)
    return value


def _make_targets(tx: Tx, value: Deployment, blobs: Blobs, signer: Signer) -> None:
    """A row for each step and each target, and its artifacts."""
    plan = read_plan(blobs.get(Digest(value.plan)))
    make_steps(tx, value.id, plan)
    _keep(tx, blobs, value.id, ("", EVIDENCE), blobs.get(Digest(value.record)))
    for position, target in enumerate(plan.targets):
        for name, text in sorted(target.files.items()):
            _keep(tx, blobs, value.id, (target.target, name), text.encode())
        by_hand = script(plan, target, simulated=value.simulated)
        _keep(tx, blobs, value.id, (target.target, SCRIPT), by_hand)
        placed = sticker(
            signer,
            plan,
            target,
            deployment=value.id,
            record=value.record,
            at=value.started_at,
            simulated=value.simulated,
        )
        insert_target(
            tx,
            TargetDeployment(
                id=tx.new_id("tdp"),
                deployment=value.id,
                position=position,
                target=target.target,
                purpose="deploy",
                connector=target.connector,
                agent=target.agent,
                plan=value.plan,
                state=TARGET_DEPLOYMENT.start,
                sticker=_keep(tx, blobs, value.id, (target.target, STICKER_FILE), placed),
            ),
        )


def _keep(tx: Tx, blobs: Blobs, deployment: str, file: tuple[str, str], content: bytes) -> str:
    """Store an artifact. file: target and name."""
    digest = blobs.put(content).text
    put_artifact(tx, Artifact(deployment, *file, digest, len(content)))
    return digest
