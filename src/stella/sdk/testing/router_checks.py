"""What every router has to hold, whoever wrote it: run each one of the list as a test."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from stella.plugin.contract.connection import Connect
from stella.plugin.contract.router import Router, Weight
from stella.plugin.refusals import NotSupported, NotThere, ServiceRefused
from stella.sdk.testing import bad_ways

_ALL = 1000


@dataclass(frozen=True, slots=True)
class RouterBench:
    """A router, and what it routes.

    open: connect -> the router connector, which waits for a second at most. connect: leads to the
    router, and nowhere else. route: one of it, with the backends ``backends``, at least two. routed:
    backend -> permille of the requests, as the router itself has it now.
    """

    open: Callable[[Connect], Router]
    connect: Connect
    route: str
    backends: tuple[str, ...]
    routed: Callable[[], Mapping[str, int]]


def weights_are_what_the_router_has(bench: RouterBench) -> None:
    """By backend, together 1,000."""
    said = bench.open(bench.connect).weights(bench.route)
    assert [one.backend for one in said] == sorted(bench.backends)
    assert sum(one.permille for one in said) == _ALL
    assert _as_map(said) == bench.routed()


def what_is_set_is_so_afterwards(bench: RouterBench) -> None:
    """In the router, in the answer, and when it is asked again; twice is once."""
    router = bench.open(bench.connect)
    for first in (_ALL // 2, _ALL * 9 // 10, 0, _ALL):
        wanted = _divided(bench, first)
        for _ in range(2):
            assert _as_map(router.set_weights(bench.route, wanted)) == _as_map(wanted)
            assert bench.routed() == _as_map(wanted)
        assert _as_map(bench.open(bench.connect).weights(bench.route)) == _as_map(wanted)


def finer_than_it_can_is_refused(bench: RouterBench) -> None:
    """Or done exactly: never another division than was asked for."""
    router = bench.open(bench.connect)
    for first in (1, 333, 999):
        wanted, before = _divided(bench, first), bench.routed()
        said: tuple[Weight, ...] | None = None
        with suppress(NotSupported):
            said = router.set_weights(bench.route, wanted)
        if said is None:
            assert bench.routed() == before
        else:
            assert _as_map(said) == bench.routed() == _as_map(wanted)


def what_is_no_division_changes_nothing(bench: RouterBench) -> None:
    """A sum that is not 1,000, a backend too few, one too many, one twice, less than nothing."""
    one, other, *rest = sorted(bench.backends)
    none = [Weight(name, 0) for name in rest]
    router, before = bench.open(bench.connect), bench.routed()
    for wrong in (
        (),
        (Weight(one, _ALL),),
        (Weight(one, 400), Weight(other, 400), *none),
        (Weight(one, 1100), Weight(other, -100), *none),
        (Weight(one, 500), Weight(other, 500), *none, Weight("nobody-knows-it", 0)),
        (Weight(one, 500), Weight(one, 0), Weight(other, 500), *none),
    ):
        ask = partial(router.set_weights, bench.route, tuple(wrong))
        bad_ways.refusal_of(ask, NotSupported, ServiceRefused, NotThere)
        assert bench.routed() == before, wrong


def a_route_that_is_not_there_is_said(bench: RouterBench) -> None:
    """NotThere, by either call."""
    router = bench.open(bench.connect)
    for route in ("nobody-knows-it", "", "a b\nc", "x" * 1000):
        bad_ways.refusal_of(partial(router.weights, route), NotThere)
        bad_ways.refusal_of(partial(router.set_weights, route, _divided(bench, 500)), NotThere)


def check_says_what_it_is(bench: RouterBench) -> None:
    """In a few words."""
    told = bench.open(bench.connect).check()
    assert told.isprintable(), told
    assert 0 < len(told) <= 300, told


def a_way_that_is_shut_is_refused(bench: RouterBench) -> None:
    """A router that reaches nothing has nothing to hold here."""
    bad_ways.shut_is_refused(bench.open, lambda router: router.weights(bench.route))


def a_broken_answer_is_refused(bench: RouterBench) -> None:
    """Never taken for weights."""
    bad_ways.broken_is_refused(bench.open, lambda router: router.weights(bench.route))


def silence_is_given_up(bench: RouterBench) -> None:
    """In a few times its limit."""
    bad_ways.silence_is_given_up(bench.open, lambda router: router.weights(bench.route))


def nothing_is_reached_but_through_connect(bench: RouterBench) -> None:
    """No socket, name or process, but by the host's ``connect``."""
    bad_ways.nothing_else_is_reached(
        bench.open, bench.connect, lambda router: router.weights(bench.route)
    )


ROUTER_CHECKS: tuple[Callable[[RouterBench], None], ...] = (
    weights_are_what_the_router_has,
    what_is_set_is_so_afterwards,
    finer_than_it_can_is_refused,
    what_is_no_division_changes_nothing,
    a_route_that_is_not_there_is_said,
    check_says_what_it_is,
    a_way_that_is_shut_is_refused,
    a_broken_answer_is_refused,
    silence_is_given_up,
    nothing_is_reached_but_through_connect,
)


def _divided(bench: RouterBench, first: int) -> tuple[Weight, ...]:
    """``first`` permille for the first backend, the rest for the second, nothing for others."""
    one, other, *rest = sorted(bench.backends)
    return (Weight(one, first), Weight(other, _ALL - first), *(Weight(name, 0) for name in rest))


def _as_map(weights: tuple[Weight, ...]) -> dict[str, int]:
    return {one.backend: one.permille for one in weights}
