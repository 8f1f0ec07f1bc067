"""Steps that are use cases of the server: gates asked, rollbacks, words to people, events waited for."""

from dataclasses import replace
from typing import Any

import pytest

from fixtures.road import InlineRuns
from fixtures.runs import Walk
from stella.app.flows import steps_of
from stella.app.runs.firing import start_told, start_triggered
from stella.hub.apply import apply_integration
from stella.hub.delivery import Delivery
from stella.hub.lifecycle import DeliveryState
from stella.identity import Role, create_user
from stella.image import parse_reference
from stella.kernel import Digest, Remedy, time_text
from stella.notify.deliver import ATTEMPTS_MAX, claim_due, note_failed, note_sent
from stella.notify.errors import MessageNotFailed
from stella.plugin.contract.core import Contribution, Kind
from stella.plugin.contract.notifier import SentMessage
from stella.promotion.model import Person
from stella.record import facts_about
from stella.record.tables import fact_pending
from stella.release.push import note_push
from stella.workflow.run.model import Run

pytestmark = pytest.mark.path

ONE = Digest(f"sha256:{'1' * 64}")
TEXT = {"type": "string"}


def step(uses: str, needs: tuple[str, ...] = (), **inputs: Any) -> dict[str, Any]:
    return {"uses": uses, "with": inputs, "needs": [*needs]}


def words(walk: Walk, run: Run, key: str) -> tuple[str, str]:
    node = walk.nodes(run)[key]
    return node.state.value, node.message or node.summary


# ---------------------------------------------------------------- gate, rollback


def test_a_gate_says_what_a_promotion_would_meet_and_asks_for_none(walk: Walk) -> None:
    road = walk.stage.road
    road.environment("dev")
    road.environment("prod", after="dev")
    release = road.release("1.0.0")
    walk.apply(
        "ask",
        {"gate": step("gate", release=release.id, environment="${{ inputs.to }}")},
        inputs={"to": TEXT},
    )
    well = walk.start("ask", to="dev")
    assert well.state.value == "succeeded"
    outputs = walk.nodes(well)["gate"].outputs
    assert (outputs["outcome"], outputs["gates"]) == ("pass", [])
    assert outputs["planDigest"].startswith("sha256:")
    ill = walk.start("ask", to="prod")
    state, why = words(walk, ill, "gate")
    assert state == "failed"
    assert "dev" in why, "it has to run there first"
    assert road.kinds(release.id) == ["ReleaseSealed"], "no promotion of it was asked for"


def test_a_gate_that_cannot_know_is_no_pass(walk: Walk) -> None:
    road = walk.stage.road
    road.environment("dev")
    road.work = replace(road.work, snapshot=lambda: None)  # nothing is known of vulnerabilities
    road.runs = InlineRuns(steps_of(road.work))
    release = road.release("1.0.0")
    gate = step("gate", release=release.id, environment="dev")
    walk.apply("ask", {"gate": {**gate, "retry": {"attempts": 1}}})
    run = walk.start("ask")
    state, why = words(walk, run, "gate")
    assert (state, "is unknown: " in why) == ("errored", True)


def test_a_rollback_goes_by_the_road_of_promotions_and_the_run_waits_for_it(walk: Walk) -> None:
    road = walk.stage.road
    road.environment("dev")
    for version in ("1.0.0", "2.0.0"):
        road.deploy(road.promote(road.release(version), "dev"))
    with road.database.transaction(actor="system") as tx:
        user = create_user(tx, name="olga", roles=(Role.OPERATOR,), password_hash=None)
    road.people["olga"] = Person(user.id, "olga", (Role.OPERATOR.value,))
    walk.apply("back", {"back": step("rollback", environment="dev", reason="it is slow")})
    denied = walk.start("back")
    assert "rollback needs deployment.operate" in words(walk, denied, "back")[1]
    run = walk.start("back", by="olga")
    assert walk.states(run) == {"back": "waiting"}
    road.finish("host-a")
    road.finish("host-b")
    run = walk.after(run)
    assert run.state.value == "succeeded"
    outputs = walk.nodes(run)["back"].outputs
    assert road.promotion(outputs["promotion"]).rollback


# ---------------------------------------------------------------- notify

CHAT = {"kind": "notifier", "connector": "chat", "endpoint": "https://chat.example"}
BROUGHT = {(Kind.NOTIFIER, "chat"): Contribution(Kind.NOTIFIER, "chat", "Chat", {"type": "object"})}


@pytest.fixture
def telling(walk: Walk) -> Walk:
    with walk.stage.road.database.transaction(actor="test") as tx:
        apply_integration(tx, "chat", CHAT, BROUGHT)
        apply_integration(tx, "bosses", {**CHAT, "roles": ["admin"]}, BROUGHT)
    steps = {
        "tell": step("notify", integration="${{ inputs.channel }}", title="It ships", text="Soon."),
        "then": step("wait", ("tell",), until="2020-01-01T00:00:00Z"),
    }
    walk.apply(
        "tell", steps, inputs={"channel": TEXT}, outputs={"url": "${{ steps.tell.outputs.url }}"}
    )
    return walk


def test_a_word_goes_by_the_outbox_and_the_run_waits_until_it_was_taken(telling: Walk) -> None:
    run = telling.start("tell", channel="chat")
    assert telling.states(run)["tell"] == "waiting"
    database = telling.stage.road.database
    with database.transaction(actor="system") as tx:
        (delivery,) = claim_due(tx, 10)
        assert (delivery.row.title, delivery.row.content["text"]) == ("It ships", "Soon.")
        assert str(delivery.row.content["url"]).endswith(f"/runs/{run.id}")
        note_sent(tx, delivery, SentMessage("m-1", "https://chat.example/m-1"))
    run = telling.after(run)
    assert (run.state.value, run.outputs) == ("succeeded", {"url": "https://chat.example/m-1"})


def test_a_word_that_is_not_taken_ends_its_step_as_errored(telling: Walk) -> None:
    run = telling.start("tell", channel="chat")
    no = MessageNotFailed("the channel is gone", remedy=Remedy("Make it."))
    with telling.stage.road.database.transaction(actor="system") as tx:
        (delivery,) = claim_due(tx, 10)
        note_failed(tx, delivery, no, str)
    run = telling.after(run)
    assert ATTEMPTS_MAX > 1, "it would be tried again, had the refusal said that this may help"
    assert telling.states(run) == {"tell": "errored", "then": "unreached"}
    assert "the channel is gone" in run.message


def test_an_integration_that_is_for_others_is_not_used(telling: Walk) -> None:
    run = telling.start("tell", channel="bosses")
    assert "is for admin alone" in words(telling, run, "tell")[1]
    missing = telling.start("tell", channel="nobody")
    assert telling.states(missing)["tell"] == "errored"


# ---------------------------------------------------------------- wait-event


def pushed(walk: Walk, tag: str) -> None:
    with walk.stage.road.database.transaction(actor="system") as tx:
        note_push(tx, host="r.test", repository="shop/web", tag=tag, digest=ONE)
    walk.stage.road.settle()


@pytest.fixture
def listening(walk: Walk) -> Walk:
    steps = {
        "rest": step("wait", seconds=60),
        "hear": step("wait-event", ("rest",), event="ImagePushed", match={"tag": "1.0"}),
    }
    walk.apply("hear", steps, outputs={"image": "${{ steps.hear.outputs.subject }}"})
    return walk


def test_what_is_meant_ends_the_wait_and_nothing_else_does(listening: Walk) -> None:
    run = listening.later(listening.start("hear"), seconds=61)
    assert listening.states(run) == {"rest": "succeeded", "hear": "waiting"}
    pushed(listening, "2.0")
    assert listening.after(run).state.value == "running"
    pushed(listening, "1.0")
    run = listening.after(run)
    assert run.state.value == "succeeded"
    assert parse_reference(run.outputs["image"]).digest == ONE
    assert listening.nodes(run)["hear"].outputs["fields"]["tag"] == "1.0"


def test_what_happened_since_the_run_was_asked_for_counts_and_what_was_before_does_not(
    listening: Walk,
) -> None:
    pushed(listening, "1.0")
    listening.stage.road.clock.go_on(seconds=5)
    run = listening.start("hear")
    run = listening.later(run, seconds=61)
    assert listening.states(run)["hear"] == "waiting"
    other = listening.start("hear")
    pushed(listening, "1.0")
    assert listening.after(run).state.value == "succeeded"
    other = listening.later(other, seconds=61)
    assert other.state.value == "succeeded", "its turn came after the push"


def test_what_neither_saw_is_found_by_the_next_look(listening: Walk) -> None:
    road = listening.stage.road
    run = listening.later(listening.start("hear"), seconds=61)
    with road.database.transaction(actor="system") as tx:
        # Committed where the handler of it looked before the wait was there.
        note_push(tx, host="r.test", repository="shop/web", tag="1.0", digest=ONE)
        tx.connection.execute(fact_pending.delete())
    assert listening.after(run).state.value == "running"
    run = listening.later(run, seconds=16)
    assert listening.after(run).state.value == "succeeded"


def test_a_build_that_a_webhook_tells_of_ends_the_wait(walk: Walk) -> None:
    match = {"pipeline": "shop/web", "build": "${{ inputs.build }}", "state": "succeeded"}
    walk.apply(
        "built",
        {"hear": step("wait-event", event="BuildEnded", match=match)},
        inputs={"build": TEXT},
    )
    run = walk.start("built", build="12")
    said = {"pipeline": "shop/web", "state": "succeeded", "images": []}
    for build, state in (("11", "running"), ("12", "succeeded")):
        delivery = Delivery(
            id=f"dlv_{build}",
            integration="ci",
            delivery=build,
            event="build.ended",
            state=DeliveryState.QUEUED,
            received_at=time_text(walk.stage.road.clock()),
            content={"builds": [{**said, "build": build}]},
        )
        with walk.stage.road.database.transaction(actor="webhook") as tx:
            start_told(tx, walk.stage.road.work.kinds, delivery)
        assert walk.after(run).state.value == state


def test_what_was_before_the_run_is_not_heard_however_late_it_is_told(listening: Walk) -> None:
    road = listening.stage.road
    pushed(listening, "1.0")
    with road.database.read() as tx:
        (fact,) = facts_about(tx, (f"r.test/shop/web@{ONE.text}",))
    road.clock.go_on(seconds=5)
    run = listening.later(listening.start("hear"), seconds=61)
    start_triggered(road.work, fact)  # whose handler comes only now
    assert listening.states(listening.after(run))["hear"] == "waiting"


def test_what_is_meant_is_found_among_many(listening: Walk) -> None:
    run = listening.start("hear")
    pushed(listening, "1.0")
    with listening.stage.road.database.transaction(actor="system") as tx:
        for number in range(450):
            note_push(tx, host="r.test", repository="shop/web", tag=f"9.{number}", digest=ONE)
    run = listening.later(run, seconds=61)
    assert run.state.value == "succeeded"


@pytest.mark.parametrize("match", [{"tga": "1.0"}, {"tag": 1}])
def test_what_no_such_event_has_is_refused_at_once(walk: Walk, match: dict[str, Any]) -> None:
    walk.apply("hear", {"hear": step("wait-event", event="ImagePushed", match=match)})
    run = walk.start("hear")
    assert (run.state.value, run.code) == ("errored", "ST-WFL-004")


def test_an_event_that_does_not_come_ends_the_wait_at_its_time(walk: Walk) -> None:
    steps = {"hear": {**step("wait-event", event="ImagePushed"), "timeoutS": 60}}
    walk.apply("hear", steps)
    run = walk.later(walk.start("hear"), seconds=61)
    assert (run.state.value, run.code) == ("errored", "ST-WFL-007")
