"""The gate of lifecycles against a plain reading of the same words: random phases, places and asks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.test_approvals import asked
from stella.environment.lifecycles.model import HotfixPath, Lifecycle, Phase
from stella.kernel import canonical_json, time_text
from stella.promotion.gates.phases import lifecycle_gate, places_before, read_lifecycle
from stella.promotion.model import (
    AutomaticInput,
    DecisionInput,
    GateState,
    HotfixInput,
    LifecycleInput,
    Person,
    PlaceInput,
    RunInput,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OPS = Person("usr_ops", "olga", ("operator",))


def hour(number: int) -> str:
    return time_text(NOON + timedelta(hours=number))


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle:
    names = [f"p{number}" for number in range(draw(st.integers(1, 6)))]
    phases = []
    for number, name in enumerate(names):
        places = tuple(f"{name}-{one}" for one in range(draw(st.integers(1, 3))))
        after = tuple(sorted(draw(st.sets(st.sampled_from(names[:number]))))) if number else ()
        optional = draw(st.booleans())
        least = draw(st.one_of(st.none(), st.integers(1, len(places))))
        soak = draw(st.sampled_from([0, 0, 24]))
        phases.append(
            Phase(
                name,
                places,
                after,
                None if optional else least,
                optional,
                0 if optional else soak,
            )
        )
    path = HotfixPath(
        tuple(sorted(draw(st.sets(st.sampled_from(names), min_size=1)))),
        ("hotfix",),
        ("operator",),
    )
    ordered = tuple(draw(st.permutations(phases)))
    return Lifecycle(ordered, default=True, hotfix=draw(st.one_of(st.none(), st.just(path))))


def place_input(draw: st.DrawFn, phase: Phase, name: str) -> PlaceInput:
    kind = draw(st.sampled_from(["nothing", "coming", "done", "soaking", "left"]))
    if kind in {"nothing", "coming"}:
        return PlaceInput(
            name,
            None,
            "prm_1" if kind == "coming" else msgspec.UNSET,
            () if phase.soak else msgspec.UNSET,
        )
    if not phase.soak:
        return PlaceInput(name, "dep_1")
    since = -30 if kind == "done" else -draw(st.integers(0, 23))
    run = RunInput("dep_1", hour(since), hour(0) if kind == "left" else None)
    return PlaceInput(name, "dep_1", runs=(run,))


@st.composite
def asks(draw: st.DrawFn) -> tuple[DecisionInput, LifecycleInput, Lifecycle]:
    lifecycle = draw(lifecycles())
    phase = draw(st.sampled_from(lifecycle.phases))
    where = phase.environments[0]
    places = tuple(
        place_input(draw, earlier, name) for earlier, name in places_before(lifecycle, where)
    )
    hotfix = draw(
        st.sampled_from(
            [
                msgspec.UNSET,
                HotfixInput(),
                HotfixInput(Person(OPS.id, OPS.name, ())),
                HotfixInput(None),
            ]
        )
    )
    way = LifecycleInput("standard", "sha256:0", places, hotfix)
    decision = msgspec.structs.replace(asked([], []), now=hour(0), requested_by=OPS)
    channel = draw(st.sampled_from([msgspec.UNSET, "hotfix", "stable"]))
    release = msgspec.structs.replace(decision.release, channel=channel)
    here = msgspec.structs.replace(decision.environment, name=where, lifecycle=way, order=None)
    automatic = draw(
        st.sampled_from([msgspec.UNSET, AutomaticInput("dep_1", "x", "newest", None, None)])
    )
    decision = msgspec.structs.replace(
        decision, release=release, environment=here, automatic=automatic
    )
    return decision, way, lifecycle


def ran_enough(place: PlaceInput, phase: Phase) -> bool:
    """By hand: it is there, and where it has to soak, for a whole day."""
    if place.deployment is None:
        return False
    if not phase.soak:
        return True
    assert place.runs is not msgspec.UNSET
    now = NOON
    return any(
        (datetime.fromisoformat(one.until) if one.until else now)
        - datetime.fromisoformat(one.since)
        >= timedelta(hours=phase.soak)
        for one in place.runs
    )


def done_by_hand(way: LifecycleInput, phase: Phase) -> bool:
    known = {one.environment: one for one in way.places}
    count = sum(ran_enough(known[name], phase) for name in phase.environments)
    return count >= (phase.at_least or len(phase.environments))


def ways_back(lifecycle: Lifecycle, name: str) -> Iterator[list[str]]:
    """Every way from a phase back to a first one."""
    after = lifecycle.phase(name).after
    if not after:
        yield []
    for earlier in after:
        for rest in ways_back(lifecycle, earlier):
            yield [earlier, *rest]


def lets_in_by_hand(
    lifecycle: Lifecycle, way: LifecycleInput, phase: Phase, left_out: frozenset[str]
) -> bool:
    """On each way back, the first phase that cannot be left out was done, or one before it was."""
    for steps in ways_back(lifecycle, phase.name):
        for name in steps:
            one = lifecycle.phase(name)
            if done_by_hand(way, one):
                break
            if not one.optional and name not in left_out:
                return False
    return True


def may_leave_out_by_hand(
    decision: DecisionInput, way: LifecycleInput, lifecycle: Lifecycle
) -> frozenset[str]:
    if lifecycle.hotfix is None or decision.automatic is not msgspec.UNSET:
        return frozenset()  # people who ask may, nothing goes so by itself
    is_asked = isinstance(way.hotfix, HotfixInput) and way.hotfix.by_now is msgspec.UNSET
    return frozenset(
        lifecycle.hotfix.skip if is_asked or decision.release.channel == "hotfix" else ()
    )


@given(asks())
def test_it_lets_in_exactly_where_a_plain_reading_does(
    ask: tuple[DecisionInput, LifecycleInput, Lifecycle],
) -> None:
    decision, way, lifecycle = ask
    phase = lifecycle.phase_of(decision.environment.name)
    assert phase is not None
    said = lifecycle_gate(decision, way, lifecycle)
    left_out = may_leave_out_by_hand(decision, way, lifecycle)
    plainly = lets_in_by_hand(lifecycle, way, phase, frozenset())
    assert (said.gate.state is GateState.PASS) == lets_in_by_hand(lifecycle, way, phase, left_out)
    # What was left out is said exactly where it would not have gone otherwise.
    assert (said.hotfix is not msgspec.UNSET) == (said.gate.state is GateState.PASS and not plainly)
    if said.hotfix is not msgspec.UNSET:
        named = frozenset(said.hotfix.phases)
        assert named
        assert named <= left_out
        assert lets_in_by_hand(lifecycle, way, phase, named)


@given(asks())
def test_what_it_says_unblocks_does_and_a_wait_has_an_end(
    ask: tuple[DecisionInput, LifecycleInput, Lifecycle],
) -> None:
    decision, way, lifecycle = ask
    said = lifecycle_gate(decision, way, lifecycle).gate
    if said.state is GateState.WAITING and said.due is not msgspec.UNSET:
        assert said.due > decision.now
        later = lifecycle_gate(msgspec.structs.replace(decision, now=said.due), way, lifecycle)
        assert later.gate.state is GateState.PASS
    if said.state is not GateState.BLOCKED:
        return
    wanted = {word for word in said.unblocks.replace(";", " ").split() if word.startswith("p")}
    long_ago = RunInput("dep_2", hour(-100))
    named = {one for one in wanted if one in lifecycle.environments}
    assert named, "something is named that people can do"
    after = tuple(
        msgspec.structs.replace(
            one,
            deployment="dep_2",
            under_way=msgspec.UNSET,
            runs=one.runs if one.runs is msgspec.UNSET else (long_ago,),
        )
        if one.environment in named or one.under_way is not msgspec.UNSET or one.deployment
        else one
        for one in way.places
    )
    mended = msgspec.structs.replace(way, places=after)
    assert lifecycle_gate(decision, mended, lifecycle).gate.state is GateState.PASS


@given(lifecycles())
def test_its_document_reads_back(lifecycle: Lifecycle) -> None:
    assert read_lifecycle(canonical_json(lifecycle.spec())) == lifecycle


@pytest.mark.parametrize(
    ("count", "done", "said"),
    [
        (None, (), "deploy to a and b and c first: 0 of 3 done"),
        (1, (), "deploy to a or b or c first: 0 of 1 done"),
        (2, (), "deploy to 2 of a, b, c first: 0 of 2 done"),
        (2, ("a",), "deploy to b or c first: 1 of 2 done"),
        (None, ("a", "b"), "deploy to c first: 2 of 3 done"),
    ],
)
def test_the_words_for_the_least_that_is_left(
    count: int | None, done: tuple[str, ...], said: str
) -> None:
    stage = Phase("stage", ("a", "b", "c"), (), count)
    lifecycle = Lifecycle((stage, Phase("prod", ("prod",), ("stage",))))
    places = tuple(PlaceInput(one, "dep_1" if one in done else None) for one in "abc")
    way = LifecycleInput("standard", "sha256:0", places)
    decision = asked([], [])
    here = msgspec.structs.replace(decision.environment, name="prod", lifecycle=way, order=None)
    decision = msgspec.structs.replace(decision, environment=here)
    gate = lifecycle_gate(decision, way, lifecycle).gate
    assert gate.state is GateState.BLOCKED
    assert gate.unblocks.startswith(said)
