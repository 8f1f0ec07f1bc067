"""A release runs elsewhere for so many hours first; then it is judged again by itself."""

import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.road import Road
from promotion.test_approvals import asked
from promotion.test_rules import proves
from stella.app.due import judge_what_is_due
from stella.environment.errors import MalformedDocument
from stella.kernel import time_text
from stella.plugin.order import OrderOutcome
from stella.promotion.gates.soak import soak_gates
from stella.promotion.lifecycle import State
from stella.promotion.model import DecisionInput, GateState, RunInput, SoakInput
from stella.promotion.store import Promotion

SOAK = {"soak": {"hours": 24}}
HOUR = datetime(2030, 1, 1, tzinfo=UTC)


def judge_due(road: Road) -> int:
    done = judge_what_is_due(
        road.database, road.work.deciding, road.work.evidence_signer, lambda: False
    )
    road.settle()
    return done


def soaking(road: Road) -> Promotion:
    """A release that has just come to dev and is wanted in prod."""
    road.environment("dev")
    road.environment("prod", "dev", **SOAK)
    release = road.release("2.0.0")
    assert road.deploy(road.promote(release, "dev")).state is State.DEPLOYED
    return road.promote(release, "prod")


def test_it_waits_for_its_time_and_goes_on_by_itself(road: Road) -> None:
    wanted = soaking(road)
    assert wanted.state is State.WAITING
    assert wanted.due_at is not None
    assert judge_due(road) == 0
    road.clock.go_on(hours=23)
    assert judge_due(road) == 0
    road.clock.go_on(hours=1)
    assert judge_due(road) == 1
    done = road.deploy(road.promotion(wanted.id))
    assert (done.state, done.due_at) == (State.DEPLOYED, None)
    proves(road, done)
    assert judge_due(road) == 0


def test_a_clock_that_went_back_waits_again(road: Road) -> None:
    wanted = soaking(road)
    road.clock.go_on(hours=-48)
    with road.database.transaction(actor="system") as tx:
        from stella.promotion.evaluate import evaluate_promotion

        evaluate_promotion(tx, wanted.id, road.work.deciding, road.work.evidence_signer)
    assert road.promotion(wanted.id).state is State.WAITING
    road.clock.go_on(hours=72)
    assert judge_due(road) == 1
    assert road.promotion(wanted.id).state is State.DEPLOYING


def test_what_was_replaced_before_its_time_has_not_soaked(road: Road) -> None:
    wanted = soaking(road)
    road.deploy(road.promote(road.release("3.0.0"), "dev"))
    road.clock.go_on(hours=25)
    judge_due(road)
    assert road.promotion(wanted.id).state is State.BLOCKED


def test_a_failed_deployment_of_it_begins_the_time_anew(road: Road) -> None:
    wanted = soaking(road)
    road.clock.go_on(hours=20)
    with road.database.read() as tx:
        from stella.release.store import find_release

        release = find_release(tx, wanted.release)
    road.promote(release, "dev")
    road.finish("host-a", OrderOutcome.FAILED)
    road.clock.go_on(hours=4)
    assert judge_due(road) == 0  # it was judged anew when the deployment failed
    again = road.promotion(wanted.id)
    assert again.state is State.WAITING
    assert (again.due_at or "") > (wanted.due_at or "") > ""


def test_what_was_taken_back_while_it_soaked_is_left_alone(road: Road) -> None:
    from stella.promotion.approval.approve import cancel_promotion

    wanted = soaking(road)
    with road.database.transaction(actor="usr_op") as tx:
        cancel_promotion(tx, wanted.id, "not now")
    road.clock.go_on(hours=25)
    judge_due(road)
    assert judge_due(road) == 0
    assert road.promotion(wanted.id).state is State.CANCELLED


@pytest.mark.parametrize(
    ("soak", "why"),
    [
        ({"hours": 0}, "from 1 to"),
        ({"hours": 1, "in": "prod"}, "another environment"),
        ({"hours": 1, "in": "moon"}, "not there"),
        ({"hours": 1, "at": "dev"}, "at"),
        ({"hours": True}, "hours"),
    ],
)
def test_a_soak_that_cannot_be_is_refused(road: Road, soak: dict[str, object], why: str) -> None:
    road.environment("dev")
    with pytest.raises(MalformedDocument, match=why):
        road.environment("prod", "dev", soak=soak)


def hour(number: int) -> str:
    return time_text(HOUR + timedelta(hours=number))


@st.composite
def histories(draw: st.DrawFn) -> tuple[DecisionInput, SoakInput]:
    times = sorted(draw(st.lists(st.integers(0, 99), max_size=7, unique=True)))
    runs = []
    for number, (since, until) in enumerate(itertools.pairwise(times)):
        if number % 2 == 0:
            failed = draw(st.sampled_from([None, None, (since + until) // 2]))
            runs.append(
                RunInput("dep", hour(since), hour(until), None if failed is None else hour(failed))
            )
    if times and len(times) % 2:
        runs.append(RunInput("dep", hour(times[-1])))
    soak = SoakInput("dev", draw(st.integers(1, 30)), tuple(reversed(runs)))
    decision = msgspec.structs.replace(asked([], []), now=hour(draw(st.integers(0, 120))))
    place = msgspec.structs.replace(decision.environment, soak=soak)
    return msgspec.structs.replace(decision, environment=place), soak


@given(histories())
def test_it_has_soaked_only_where_it_ran_so_long_and_a_wait_ends(
    history: tuple[DecisionInput, SoakInput],
) -> None:
    decision, soak = history
    (gate,) = soak_gates(decision)
    longest = max(
        (
            datetime.fromisoformat(min(one.until or decision.now, decision.now))
            - datetime.fromisoformat(max(one.since, one.failed_at or one.since))
            for one in soak.runs
        ),
        default=timedelta(),
    )
    assert (gate.state is GateState.PASS) == (longest >= timedelta(hours=soak.hours))
    if gate.state is GateState.WAITING:
        assert isinstance(gate.due, str)
        assert gate.due > decision.now
        (later,) = soak_gates(msgspec.structs.replace(decision, now=gate.due))
        assert later.state is GateState.PASS


def test_there_is_no_gate_where_nothing_has_to_soak() -> None:
    assert soak_gates(asked([], [])) == ()
