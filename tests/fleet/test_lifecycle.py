from typing import Any

import pytest

from stella.fleet import AGENT, ORDER, AgentEvent, AgentState, OrderEvent, OrderState
from stella.kernel import IllegalMove, Machine

PAIRS = [
    *[(AGENT, state, event) for state in AgentState for event in AgentEvent],
    *[(ORDER, state, event) for state in OrderState for event in OrderEvent],
]


@pytest.mark.parametrize(("machine", "state", "event"), PAIRS)
def test_every_pair_is_a_listed_move_or_refused(
    machine: Machine[Any, Any], state: Any, event: Any
) -> None:
    if (state, event) in machine.moves:
        assert machine.next(state, event) in type(state)
    else:
        with pytest.raises(IllegalMove):
            machine.next(state, event)


def test_no_order_leaves_an_ending() -> None:
    endings = {state for state in OrderState if ORDER.is_final(state)}
    assert endings == set(OrderState) - {OrderState.ISSUED, OrderState.TAKEN}


def test_a_revoked_agent_stays_so() -> None:
    assert AGENT.is_final(AgentState.REVOKED)
