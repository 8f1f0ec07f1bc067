"""Whether two people's word lets a plan through though gates do not. Pure."""

from msgspec import UNSET, UnsetType

from stella.promotion.model import BreakGlassInput, DecisionInput, GateState


def broken_glass(
    given: DecisionInput, plan_digest: str, gates: GateState
) -> BreakGlassInput | UnsetType:
    """What lets this plan through; unset where nothing does, or the gates pass by themselves."""
    one = given.break_glass
    if one is UNSET or gates is GateState.PASS or not counts(one, plan_digest, given.now):
        return UNSET
    return one


def counts(one: BreakGlassInput, plan_digest: str, now: str) -> bool:
    """Whether it is of this plan and this time, and two people stand behind it."""
    return (
        one.plan_digest == plan_digest
        and one.requested_at <= one.agreed_at <= now < one.ends_at
        and one.requested_by.id != one.agreed_by.id
    )
