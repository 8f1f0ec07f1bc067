"""Is it still wanted? What was asked for though nobody did, and what speaks against it now."""

import msgspec

from stella.environment.model import Pick
from stella.promotion.model import AutomaticInput, DecisionInput, Gate, GateState, Reason

_NAME = "automatic"


def automatic_gates(given: DecisionInput) -> tuple[Gate, ...]:
    """Is it still wanted by the rule that asked for it? No gate where a person asked."""
    asked = given.automatic
    if asked is msgspec.UNSET:
        return ()
    place = given.environment.name
    by_hand = f"promote it yourself: stella promote {given.release.id} --env {place}"
    if asked.hold is not msgspec.UNSET:
        said = f"{place} is held since {asked.hold.at} by {asked.hold.by}: {asked.hold.reason}"
        fix = f"{by_hand}; or let it go on: stella environment resume {place} -m TEXT"
        return (_blocked("environment-held", said, fix),)
    against = _outdated(given, asked)
    if against:
        return (_blocked("automatic-promotion", against, by_hand),)
    said = f"{asked.after} runs it ({asked.follows}), and {place} takes the {asked.pick} by itself"
    return (Gate(name=_NAME, state=GateState.PASS, summary=said),)


def _outdated(given: DecisionInput, asked: AutomaticInput) -> str:
    """Why the rule would not ask for it now; empty where it would."""
    release, place = given.release, given.environment.name
    there, here = asked.there, asked.here
    if asked.pick is None:
        return f"nothing goes into {place} automatically any more"
    if here is not None and here.digest == release.digest:
        return f"{place} runs {here.name} {here.version} already, which is the same"
    is_newest = asked.pick == Pick.NEWEST
    if is_newest and here is not None and here.release > release.id:
        return f"{place} runs {here.name} {here.version}, which is newer"
    if there is None:
        return f"nothing runs in {asked.after} any more"
    is_left = there.digest != release.digest
    if is_left and (not is_newest or there.release < release.id):
        return f"{asked.after} runs {there.name} {there.version} now"
    return ""


def _blocked(rule: str, message: str, fix: str) -> Gate:
    state = GateState.BLOCKED
    reason = Reason(rule=rule, outcome=state.value, message=message, fix=fix, who="an operator")
    return Gate(name=_NAME, state=state, summary=message, reasons=(reason,), unblocks=fix)
