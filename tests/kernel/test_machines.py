"""Every state machine of every room: all pairs of state and event, and no state that is never reached."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from stella.kernel import IllegalMove, Machine

SOURCE = Path(__file__).parents[2] / "src"
MACHINES: dict[str, Machine[Any, Any]] = {
    value.name: value
    for path in sorted(SOURCE.rglob("lifecycle.py"))
    for value in vars(
        importlib.import_module(".".join(path.relative_to(SOURCE).with_suffix("").parts))
    ).values()
    if isinstance(value, Machine)
}


def test_the_machines_of_the_golden_path_are_tables() -> None:
    wanted = {"release", "promotion", "deployment", "target deployment", "agent", "order"}
    assert wanted <= set(MACHINES)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_every_pair_is_a_listed_move_or_refused_with_what_is_possible(
    machine: Machine[Any, Any],
) -> None:
    states = type(machine.start)
    (events,) = {type(event) for _, event in machine.moves}
    for state in states:
        for event in events:
            if (state, event) in machine.moves:
                assert machine.next(state, event) in states
            else:
                with pytest.raises(IllegalMove) as refusal:
                    machine.next(state, event)
                possible = refusal.value.remedy.advice
                assert all(str(one) in possible for one in machine.events_from(state))


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_every_state_is_reached_and_every_event_moves(
    machine: Machine[Any, Any],
) -> None:
    reached, before = {machine.start}, set()
    while reached != before:
        before = set(reached)
        reached |= {to for (origin, _), to in machine.moves.items() if origin in before}
    assert reached == set(type(machine.start))
    assert {event for _, event in machine.moves} == set(
        type(next(event for _, event in machine.moves))
    )
