"""Whether two people's word lets a plan through though gates do not. Pure."""

from collections.abc import Collection

from msgspec import UNSET, UnsetType

from stella.promotion.gates.plain import END
from stella.promotion.model import BreakGlassInput, DecisionInput, Gate, GateState


def broken_glass(
    given: DecisionInput, plan_digest: str, gates: Collection[Gate]
) -> BreakGlassInput | UnsetType:
    """What lets this plan through; unset where nothing does, or the gates pass by themselves."""
    one, held = given.break_glass, held_by(gates)
    if one is UNSET or not held or END in held or not counts(one, plan_digest, given.now, held):
        return UNSET
    return one


def held_by(gates: Collection[Gate]) -> tuple[str, ...]:
    """The names of those that do not pass, in their order."""
    return tuple(gate.name for gate in gates if gate.state is not GateState.PASS)


def counts(one: BreakGlassInput, plan_digest: str, now: str, held: Collection[str]) -> bool:
    """Whether it is of this plan and this time, two people stand behind it, and they knew of each gate.

    held: the names of the gates that do not pass now.
    """
    return (
        one.plan_digest == plan_digest
        and one.requested_at <= one.agreed_at <= now < one.ends_at
        and one.requested_by.id != one.agreed_by.id
        and (one.gates is UNSET or set(held) <= set(one.gates))
    )
