"""Simulations are asked apart: no decision waits for one, and none of them lasts."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from threading import Event

import pytest

from app.test_policy_process import ENDLESS, children, policy
from fixtures.control import Control
from fixtures.documented import checked_client
from fixtures.road import OLD
from stella.app.policy_process import PolicyProcess
from stella.app.simulating import Simulating
from stella.kernel import Digest
from stella.policy import EngineError
from stella.policy.engine import ask as ask_here
from stella.policy.testing import run_policy_tests
from stella.promotion.errors import SimulationIsBusy
from stella.promotion.simulate import Turn, ask_within

RULES = ("data.stella.policy.results",)
PASSES = policy("true")


@pytest.fixture
def simulating() -> Iterator[Simulating]:
    made = Simulating(Event(), wait_s=0.01)
    yield made
    made.close()


@pytest.mark.program  # the draft takes a processor for itself, seconds long
def test_a_decision_is_made_while_a_simulation_has_no_end(simulating: Simulating) -> None:
    decisions, ended = PolicyProcess(), Event()

    def simulate() -> None:
        with simulating.turn() as turn, pytest.raises(EngineError):
            turn.ask(Digest.of(b"endless"), policy(ENDLESS), RULES, b"{}")
        ended.set()

    with ExitStack() as stack:
        stack.callback(decisions.close)
        decisions.ask(Digest.of(b"warm"), policy("true"), RULES, b"{}")
        thread = threading.Thread(target=simulate)
        thread.start()
        stack.callback(thread.join)
        while len(children()) < 2:
            assert not ended.is_set(), "the draft never ran"
        for _ in range(3):
            assert decisions.ask(Digest.of(b"warm"), policy("true"), RULES, b"{}")
        assert not ended.is_set(), "the decisions waited for the simulation"


def test_a_second_simulation_is_refused_after_a_little_while(simulating: Simulating) -> None:
    with simulating.turn(), pytest.raises(SimulationIsBusy) as refusal, simulating.turn():
        pass
    assert refusal.value.retry_may_help
    with simulating.turn() as turn:
        assert turn.why_over() == "", "the next one has its turn"


def test_only_so_many_wait_for_their_turn() -> None:
    simulating, refused = Simulating(Event(), wait_s=30), []

    def wait() -> None:
        try:
            with simulating.turn():
                pass
        except SimulationIsBusy as refusal:
            refused.append(refusal)

    with simulating.turn():
        waiting = [threading.Thread(target=wait) for _ in range(5)]
        for one in waiting:
            one.start()
        while not refused:
            assert any(one.is_alive() for one in waiting)
    for one in waiting:
        one.join()
    assert len(refused) == 1


def test_a_turn_ends_by_the_clock_and_with_the_server() -> None:
    now, stopping = [0.0], Event()
    simulating = Simulating(stopping, limit_s=60, now_s=lambda: now[0])
    with simulating.turn() as turn:
        now[0] = 59.9
        assert turn.why_over() == ""
        now[0] = 60.0
        assert turn.why_over() == "its time of 60 s was over"
        stopping.set()
        assert turn.why_over() == "the server ends"


def test_tests_that_were_not_asked_by_the_end_of_a_turn_are_unknown() -> None:
    over, asked = [""], []

    def ask(
        digest: Digest, files: Mapping[str, str], rules: Sequence[str], given: bytes
    ) -> list[bytes | None]:
        asked.extend(rules)
        if any("test_b" in rule for rule in rules):
            over[0] = "its time of 60 s was over"
        return ask_here(digest, files, rules, given)

    files = {
        "shop.rego": "package stella.policy\nresults contains "
        '{"rule": "never", "outcome": "blocked", "message": "no"}',
        "shop_test.rego": "package stella.policy\n"
        "test_a if true\ntest_b if true\ntest_c if true\ntest_d if true\n",
    }
    found = run_policy_tests(files, ask=ask_within(Turn(ask, lambda: over[0])))
    assert [one.outcome.value for one in found] == ["pass", "pass", "unknown", "unknown"]
    assert found[-1].message == "its time of 60 s was over"
    assert not any("test_c" in rule for rule in asked)


def test_a_simulation_that_ends_says_how_many_it_did_not_judge(control: Control) -> None:
    control.environment("dev", parameters={"severityMax": "low"})
    release = control.sealed("1.0.0", OLD)
    for _ in range(3):
        control.asked(release["id"], "dev")
    readings = iter([0.0, 0.0])  # the turn begins; the first decision is asked about in time
    simulating = Simulating(Event(), wait_s=0.01, now_s=lambda: next(readings, 61.0))
    with ExitStack() as stack:
        stack.callback(simulating.close)
        services = replace(control.services, simulating=simulating)
        control.client = stack.enter_context(checked_client(services))
        found = control.post("/policies/simulate", {"files": PASSES}, by="olga")
        assert (found["judged"], found["left"], found["next"]) == (1, 2, None)
        assert found["stopped"] == "its time of 60 s was over"
        with simulating.turn():
            code = control.refused("POST", "/policies/simulate", {"files": PASSES}, by="olga")
        assert code == "ST-PRO-021"
