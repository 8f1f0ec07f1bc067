"""The machine of promotions, pair by pair: what can happen when, and what can never happen."""

import pytest

from stella.kernel import IllegalMove
from stella.promotion.lifecycle import NOT_BEGUN, PROMOTION, Event, State

PAIRS = [(state, event) for state in State for event in Event]
ENDED = frozenset(State) - {*NOT_BEGUN, State.DEPLOYING}


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_pair_is_a_listed_move_or_refused(state: State, event: Event) -> None:
    if (state, event) in PROMOTION.moves:
        assert PROMOTION.next(state, event) in State
    else:
        with pytest.raises(IllegalMove):
            PROMOTION.next(state, event)


def test_it_has_ended_where_nothing_can_happen_any_more() -> None:
    # What is blocked has ended too, unless two people break the glass.
    assert {state for state in State if PROMOTION.is_final(state)} == ENDED - {State.BLOCKED}


def test_a_deployment_begins_only_after_every_gate_has_passed() -> None:
    before = {state for (state, event) in PROMOTION.moves if event is Event.START}
    assert before == {State.APPROVED, State.QUEUED}
    assert {after for (_, event), after in PROMOTION.moves.items() if event is Event.PASS} <= before


@pytest.mark.parametrize("state", NOT_BEGUN)
def test_whatever_has_not_begun_is_judged_again_cancelled_and_expires(state: State) -> None:
    ends = {Event.BLOCK, Event.CANCEL, Event.EXPIRE, Event.SUPERSEDE, Event.BREAK}
    assert {Event.PASS, Event.WAIT, *ends} <= {*PROMOTION.events_from(state)}


def test_what_has_begun_ends_as_its_deployment_does() -> None:
    assert set(PROMOTION.events_from(State.DEPLOYING)) == {Event.SUCCEED, Event.FAIL, Event.BREAK}
