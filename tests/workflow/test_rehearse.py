"""Rehearsals: the code of real runs, with played steps and a clock that leaps."""

from collections.abc import Mapping
from typing import Any

import pytest

from fixtures.installed import installed_plugins
from stella.app.runs.kinds import kinds_of
from stella.app.runs.rehearsing import rehearsed
from stella.deployment.plan import comes_along
from stella.workflow.errors import ImpossibleInputs, NotAskedNow
from stella.workflow.rehearse import Played, Rehearsal, Said, Script

CHECK = {"uses": "http-check", "with": {"url": "https://shop.example/health"}}


def played(steps: Mapping[str, Any], script: Script | None = None, **more: Any) -> Rehearsal:
    kinds = kinds_of(installed_plugins, comes_along)
    return rehearsed({"steps": steps, **more}, kinds, script or Script())


def test_waits_take_no_time_and_are_counted() -> None:
    found = played(
        {
            "rest": {"uses": "wait", "with": {"seconds": 86_400}},
            "check": {**CHECK, "needs": ["rest"]},
        }
    )
    assert found.run.state.value == "succeeded"
    assert [(one.after_s, one.key, one.state) for one in found.events] == [
        (0, "rest", "waiting"),
        (86_400, "rest", "succeeded"),
        (86_400, "check", "succeeded"),
    ]


def test_it_stops_where_nobody_speaks_and_goes_on_where_somebody_does() -> None:
    steps = {"ask": {"uses": "approval", "with": {"by": ["approver"]}}}
    found = played(steps)
    assert (found.run.state.value, found.waits) == ("running", ("ask",))
    no = played(steps, Script(says={"ask": Said("reject")}))
    assert (no.run.state.value, no.waits) == ("failed", ())


def test_a_step_fails_as_often_as_the_script_says() -> None:
    steps = {"check": {**CHECK, "retry": {"attempts": 3, "waitS": 60}}}
    twice = played(steps, Script(steps={"check": Played(error="no answer", times=2)}))
    assert (twice.run.state.value, twice.nodes[0].attempts) == ("succeeded", 3)
    assert twice.events[-1].after_s > 60
    always = played(steps, Script(steps={"check": Played(error="no answer")}))
    assert (always.run.state.value, always.run.message) == ("errored", "check: no answer")


def test_one_that_is_told_to_try_again_for_ever_ends() -> None:
    steps = {"check": {**CHECK, "onFailure": "ask"}}
    script = Script(steps={"check": Played(fail="no")}, says={"check": Said("retry")})
    found = played(steps, script)
    assert found.run.state.value == "running"
    assert found.waits == ("check",)


def test_what_a_script_says_wrongly_is_refused() -> None:
    steps = {"ask": {"uses": "approval", "with": {"by": ["approver"]}}}
    with pytest.raises(NotAskedNow):
        played(steps, Script(says={"ask": Said("answer")}))
    with pytest.raises(ImpossibleInputs):
        played(steps, Script(inputs={"strange": 1}))
