"""What fails again and again is left alone; what asks too often is told so."""

from datetime import timedelta

import pytest

from fixtures.databases import Clock
from stella.hub.breaker import FAILURES_MAX, Breaker
from stella.hub.errors import CircuitOpen, TooManyRequests
from stella.kernel import Remedy
from stella.plugin.refusals import ImageNotFound, RegistryUnreachable


def trouble() -> str:
    raise RegistryUnreachable("no answer", remedy=Remedy("Wait."))


def verdict() -> str:
    raise ImageNotFound("no such image", remedy=Remedy("Look."))


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(RegistryUnreachable):
            breaker.call(trouble)


def test_it_is_left_alone_after_some_trouble_and_tried_once_then(clock: Clock):
    breaker = Breaker("main", now=clock)
    fail(breaker, FAILURES_MAX)
    with pytest.raises(CircuitOpen, match="left alone until") as refusal:
        breaker.call(str, "never called")
    assert refusal.value.retry_may_help
    assert breaker.open_until is not None
    clock.go_on(seconds=6)
    fail(breaker, 1)
    clock.go_on(seconds=6)
    with pytest.raises(CircuitOpen):
        breaker.call(str, "it is left alone for longer the second time")
    clock.go_on(seconds=15)
    assert breaker.call(str, "back") == "back"
    assert breaker.open_until is None
    fail(breaker, FAILURES_MAX - 1)
    assert breaker.call(str, "still") == "still"


def test_a_verdict_is_no_trouble(clock: Clock):
    breaker = Breaker("main", now=clock)
    for _ in range(3 * FAILURES_MAX):
        with pytest.raises(ImageNotFound):
            breaker.call(verdict)
    assert breaker.call(str, "fine") == "fine"


def test_while_one_tries_the_others_wait(clock: Clock):
    breaker = Breaker("main", now=clock)
    fail(breaker, FAILURES_MAX)
    clock.go_on(seconds=6)

    def first() -> str:
        with pytest.raises(CircuitOpen):
            breaker.call(str, "second")
        return "first"

    assert breaker.call(first) == "first"


def test_a_limit_of_requests_is_kept_and_filled_up_again(clock: Clock):
    breaker = Breaker("main", now=clock, requests_per_s=3)
    for _ in range(3):
        breaker.call(str)
    with pytest.raises(TooManyRequests):
        breaker.call(str)
    clock.at += timedelta(seconds=0.4)
    breaker.call(str)
    with pytest.raises(TooManyRequests):
        breaker.call(str)


def test_who_asks_too_often_waits_for_a_turn_behind_those_who_wait(clock: Clock):
    waits: list[float] = []
    breaker = Breaker("main", now=clock, requests_per_s=2, wait=waits.append)
    for _ in range(2 + 10):
        breaker.call(str)
    assert waits == pytest.approx([0.5 * number for number in range(1, 11)], abs=0.001)
    with pytest.raises(TooManyRequests):
        breaker.call(str)
    assert len(waits) == 10
    clock.go_on(seconds=3)
    breaker.call(str)
    assert waits[-1] == pytest.approx(2.5, abs=0.001)


def test_a_clock_that_is_set_back_shuts_nobody_out(clock: Clock):
    breaker = Breaker("main", now=clock, requests_per_s=3)
    breaker.call(str)
    clock.at -= timedelta(hours=1)
    breaker.call(str)
