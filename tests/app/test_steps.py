"""The steps of a deployment: planned, bound by approvals, taken in order, ended, proven."""

import json

from fixtures.steps import Stage
from stella.deployment.lifecycle import StepState, TargetState
from stella.deployment.store import (
    StepRun,
    list_steps,
    list_target_deployments,
)
from stella.evidence import read_packet
from stella.evidence.store import list_evidence
from stella.evidence.verify import verify_packet
from stella.kernel import Digest, Remedy
from stella.plugin.refusals import ServiceUnreachable, StepFailed
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion
from stella.replay import replay_packet

NO = StepFailed("the ticket is not approved", remedy=Remedy("Ask for it."))
AWAY = ServiceUnreachable("no answer", remedy=Remedy("Wait."))


def steps(stage: Stage, promotion: Promotion) -> list[StepRun]:
    with stage.road.database.read() as tx:
        return list(list_steps(tx, promotion.deployment or ""))


def states(stage: Stage, promotion: Promotion) -> dict[str, str]:
    return {one.name: one.state.value for one in steps(stage, promotion)}


def targets(stage: Stage, promotion: Promotion) -> list[tuple[str, TargetState]]:
    with stage.road.database.read() as tx:
        listed = list_target_deployments(tx, promotion.deployment or "")
    return [(one.purpose, one.state) for one in listed]


def packet_of(stage: Stage, subject: str) -> bytes:
    with stage.road.database.read() as tx:
        (kept,) = list_evidence(tx, subject=subject)
    return stage.road.work.blobs.get(Digest(kept.digest))


def test_steps_are_taken_before_and_after_the_targets_and_proven(stage: Stage) -> None:
    stage.steps["smoke-test"].outputs = {"status": 200}
    stage.environment()
    road = stage.road
    promotion = road.promote(road.release("2.0.0"), "dev")
    assert states(stage, promotion) == {"change": "passed", "smoke": "queued"}
    road.finish("host-a")
    assert not stage.steps["smoke-test"].calls
    road.finish("host-b")

    ended = road.promotion(promotion.id)
    assert ended.state is State.DEPLOYED
    change, smoke = steps(stage, ended)
    assert (change.state, change.attempts, change.summary) == (
        StepState.PASSED,
        1,
        "change is done",
    )
    assert smoke.outputs == {"status": 200}
    (call,) = stage.steps["open-change"].calls
    assert call.key == f"{ended.deployment}:change"
    assert call.inputs == {"ticket": "CHG-1"}
    assert (call.subject["release"], call.subject["version"]) == ("shop", "2.0.0")
    assert "@sha256:" in call.subject["image.web"]

    packet = packet_of(stage, ended.deployment or "")
    verification = verify_packet(packet, road.work.proving.root)
    assert verification.good, verification.checks
    assert replay_packet(packet).verdict == "identical"
    held = read_packet(packet)
    assert held.manifest.report == 2
    told = json.loads(held.entries["deployment/deployment.json"])["steps"]
    assert [(one["name"], one["state"], one["version"]) for one in told] == [
        ("change", "passed", "1.0.0"),
        ("smoke", "passed", "1.0.0"),
    ]
    assert b"open-change" in held.entries["report.html"]
    kinds = [one["kind"] for one in json.loads(held.entries["facts.json"])]
    assert kinds.count("StepStarted") == kinds.count("StepEnded") == 2
