"""Policies without end, without measure, without sense: they end their own process, nobody's else."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from stella.app.policy_process import PolicyProcess
from stella.kernel import Digest, Outcome
from stella.policy import EngineError, evaluate, load_bundle, starter_bundle
from stella.policy.engine import ask as ask_here
from stella.policy.errors import PolicyTakesTooLong
from stella.policy.model import PolicyBundle

pytestmark = pytest.mark.program  # it takes the processor for itself, seconds long

_RESULT = '{"rule": "r", "outcome": "pass", "message": "fine"}'
ENDLESS = "some i in numbers.range(1, 30000); some j in numbers.range(1, 30000); i + j < 0"
BOUNDLESS = "count(numbers.range(1, 900000000)) > 0"


def policy(condition: str) -> dict[str, str]:
    return {"a.rego": f"package stella.policy\nresults contains {_RESULT} if {{ {condition} }}\n"}


@pytest.fixture
def policies() -> Iterator[PolicyProcess]:
    made = PolicyProcess()
    yield made
    made.close()


def slow_when_asked_for_prod(condition: str) -> PolicyBundle:
    """It passes the samples, and shows what it is when it counts."""
    return load_bundle(
        {
            "a.rego": (
                "package stella.policy\n"
                f'results contains {_RESULT} if input.environment != "prod"\n'
                f'results contains {_RESULT} if {{ input.environment == "prod"; {condition} }}\n'
            )
        }
    )


def test_it_answers_as_the_engine_here_does(policies: PolicyProcess) -> None:
    bundle = starter_bundle()
    given = {"environment": "dev", "components": [], "parameters": {}, "now": "", "release": {}}
    assert evaluate(bundle, given, ask=policies.ask) == evaluate(bundle, given)
    broken = {"a.rego": "package a\nx := "}
    with pytest.raises(EngineError) as there:
        policies.ask(Digest.of(b"1"), broken, ("data.a.x",), b"{}")
    with pytest.raises(EngineError) as here:
        ask_here(Digest.of(b"1"), broken, ("data.a.x",), b"{}")
    assert (there.value.what, there.value.place) == (here.value.what, here.value.place)


@pytest.mark.parametrize(
    ("condition", "said"),
    [(ENDLESS, "after 5 s of computing"), (BOUNDLESS, "")],
    ids=["endless", "boundless"],
)
def test_a_policy_without_end_is_unknown_and_nobody_else_waits_for_it(
    policies: PolicyProcess, condition: str, said: str
) -> None:
    bundle = slow_when_asked_for_prod(condition)
    turns: list[float] = []
    ended = threading.Event()

    def others_work() -> None:
        while not ended.wait(0.01):
            turns.append(time.monotonic())

    others = threading.Thread(target=others_work)
    others.start()
    result = evaluate(bundle, {"environment": "prod"}, ask=policies.ask)
    ended.set()
    others.join()
    assert result.outcome is Outcome.UNKNOWN
    assert said in result.rules[0].message
    assert max(after - before for before, after in pairwise(turns)) < 2
    # The next question is answered as if nothing had been.
    assert evaluate(bundle, {"environment": "dev"}, ask=policies.ask).outcome is Outcome.PASS


def test_a_policy_without_end_is_refused_when_it_is_loaded(policies: PolicyProcess) -> None:
    with pytest.raises(PolicyTakesTooLong) as refusal:
        load_bundle(policy(ENDLESS), ask=policies.ask)
    assert "5 s" in str(refusal.value)


def test_a_worker_that_was_killed_is_replaced(policies: PolicyProcess) -> None:
    bundle = load_bundle(policy("true"), ask=policies.ask)
    for child in children():
        os.kill(child, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while evaluate(bundle, {}, ask=policies.ask).outcome is not Outcome.PASS:
        assert time.monotonic() < deadline


def test_the_worker_ends_with_who_began_it_also_in_the_middle(policies: PolicyProcess) -> None:
    load_bundle(policy("true"), ask=policies.ask)
    assert children()
    policies.close()
    assert not children()


def test_the_worker_is_told_none_of_our_secrets(
    policies: PolicyProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STELLA_TOKEN", "st_secret")
    load_bundle(policy("true"), ask=policies.ask)
    (child,) = children()
    assert b"st_secret" not in Path(f"/proc/{child}/environ").read_bytes()


def children() -> list[int]:
    """The workers that this process has begun."""
    found: set[int] = set()
    for one in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        with suppress(FileNotFoundError):  # a thread of another test that ends meanwhile
            found.update(map(int, one.read_text().split()))
    return [one for one in found if b"policy.worker" in Path(f"/proc/{one}/cmdline").read_bytes()]
