"""Has it run long enough elsewhere? Soak time: hours without a failed deployment of the release."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from stella.kernel import parse_time, time_text
from stella.promotion.model import DecisionInput, Gate, GateState, Reason, RunInput, SoakInput


def soak_gates(given: DecisionInput) -> tuple[Gate, ...]:
    """Has it soaked? No gate where nothing has to. A rollback goes back to what ran here already."""
    soak = given.environment.soak
    if soak is msgspec.UNSET:
        return ()
    if given.rollback and given.environment.ran_before:
        return (_gate(GateState.PASS, f"ran here before ({given.environment.ran_before})"),)
    run = soaked_run(given)
    if run is not None:
        said = f"ran in {soak.environment} for {soak.hours} h since {_began(run)}"
        return (_gate(GateState.PASS, said),)
    last = soak.runs[0] if soak.runs else None
    if last is not None and last.until is None:
        began = _began(last)
        due = soaks_until(last, soak.hours)
        return (_waiting(given, soak, began, due),)
    return (_blocked(given, soak),)


def soaked_run(given: DecisionInput) -> RunInput | None:
    """The first time that was long enough; None where none was, or nothing has to soak."""
    soak = given.environment.soak
    if soak is msgspec.UNSET:
        return None
    return long_enough(soak.runs, soak.hours, given.now)


def long_enough(runs: Iterable[RunInput], hours: int, now: str) -> RunInput | None:
    """The first of ``runs`` that had lasted ``hours``; None where none had."""
    for run in runs:
        if soaks_until(run, hours) <= min(run.until or now, now):
            return run
    return None


def soaks_until(run: RunInput, hours: int) -> str:
    """When it has lasted that long, where nothing else comes and nothing fails until then."""
    return time_text(parse_time(_began(run)) + timedelta(hours=hours))


def _began(run: RunInput) -> str:
    """Since when no deployment of it failed there."""
    return max(run.since, run.failed_at or run.since)


def _waiting(given: DecisionInput, soak: SoakInput, began: str, due: str) -> Gate:
    name = f"{given.release.name} {given.release.version}"
    message = f"{name} soaks in {soak.environment} for {soak.hours} h since {began}, until {due}"
    reason = Reason(
        rule="soak",
        outcome=GateState.WAITING.value,
        message=message,
        fix=f"wait until {due}; it is judged again then by itself",
    )
    return Gate(
        name="soak",
        state=GateState.WAITING,
        summary=message,
        reasons=(reason,),
        unblocks=reason.fix,
        due=due,
    )


def _blocked(given: DecisionInput, soak: SoakInput) -> Gate:
    name = f"{given.release.name} {given.release.version}"
    message = f"{name} does not run in {soak.environment}, and did not for {soak.hours} h at a time"
    fix = f"promote it to {soak.environment}: stella promote {given.release.id}"
    fix += f" --env {soak.environment}"
    reason = Reason(rule="soak", outcome=GateState.BLOCKED.value, message=message, fix=fix)
    return Gate(
        name="soak",
        state=GateState.BLOCKED,
        summary=message,
        reasons=(reason,),
        unblocks=fix,
    )


def _gate(state: GateState, summary: str) -> Gate:
    return Gate(name="soak", state=state, summary=summary)
