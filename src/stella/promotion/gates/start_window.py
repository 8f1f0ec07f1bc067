"""May it begin now? A start window: not before one time, and before another or not at all."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from stella.kernel import Remedy, time_text
from stella.promotion.errors import ImpossibleStart
from stella.promotion.model import DecisionInput, Gate, GateState, Reason, StartInput

START = "start"
"""The gate's name."""
_AHEAD_MAX = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class StartWindow:
    """From ``not_before`` on, and before ``not_after``; None where that side is open."""

    not_before: datetime | None = None
    not_after: datetime | None = None


ANY_TIME = StartWindow()


def refuse_impossible(start: StartWindow, now: datetime) -> None:
    """Return where there is a time to begin at. Raises ImpossibleStart."""
    begins = max(start.not_before or now, now)
    if start.not_after is not None and start.not_after <= begins:
        why = f"it cannot begin before {time_text(start.not_after)}: that is over, or too early"
    elif begins > now + _AHEAD_MAX:
        why = f"it cannot be asked for more than {_AHEAD_MAX.days} days ahead"
    else:
        return
    raise ImpossibleStart(why, remedy=Remedy("Give an end after the begin, and after now."))


def start_gates(given: DecisionInput) -> tuple[Gate, ...]:
    """Is it the time to begin? No gate where any time will do."""
    start = given.start
    if start is msgspec.UNSET:
        return ()
    if start.not_after is not None and given.now >= start.not_after:
        message = f"it was to begin before {start.not_after}"
        fix = "ask for it again, with another window"
        return (_gate(GateState.BLOCKED, message, fix),)
    if start.not_before is not None and given.now < start.not_before:
        message = f"it is to begin at {start.not_before}"
        fix = f"wait until {start.not_before}; it is judged again then by itself"
        return (_gate(GateState.WAITING, message, fix, start.not_before),)
    return (_inside(start),)


def _inside(start: StartInput) -> Gate:
    end = start.not_after
    said = f"it may begin now, and before {end}" if end else "it may begin now"
    due = msgspec.UNSET if end is None else end
    return Gate(name=START, state=GateState.PASS, summary=said, due=due)


def _gate(state: GateState, message: str, fix: str, due: str | None = None) -> Gate:
    reason = Reason(rule="start-window", outcome=state.value, message=message, fix=fix)
    return Gate(
        name=START,
        state=state,
        summary=message,
        reasons=(reason,),
        unblocks=fix,
        due=msgspec.UNSET if due is None else due,
    )
