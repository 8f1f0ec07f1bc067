"""The policy's rules as a gate: what did not pass is a reason, and so is what a waiver let pass."""

import msgspec

from stella.kernel import Outcome
from stella.policy import RuleResult
from stella.promotion.gates.waived import Waived
from stella.promotion.model import Gate, GateState, Reason, WaiverInput

_NAMED_MAX = 5


def policy_gate(waived: Waived) -> Gate:
    """The gate. A pass that rests on waivers names them, and shows what they pass over."""
    result = waived.result
    used = {one.id: one for one in waived.used}
    reasons = tuple(
        _reason(rule, used.get(waived.by.get(place, "")))
        for place, rule in enumerate(result.rules)
        if rule.outcome is not Outcome.PASS or place in waived.by
    )
    open_reasons = [one for one in reasons if one.waiver is msgspec.UNSET]
    by_waivers = _waived_words(len(reasons) - len(open_reasons), waived.used)
    if not open_reasons:
        names = sorted({rule.rule for rule in result.rules})
        passed = f"{len(names)} rules passed" if names else "no rule spoke"
        return Gate(
            name="policy",
            state=GateState.of(result.outcome),
            summary=passed + by_waivers,
            reasons=reasons,
            unblocks="" if result.outcome is Outcome.PASS else "give the policy a rule that passes",
        )
    fixes = list(dict.fromkeys(reason.fix for reason in open_reasons if reason.fix))
    broken = sorted({reason.rule for reason in open_reasons})
    return Gate(
        name="policy",
        state=GateState.of(result.outcome),
        summary=f"{len(open_reasons)} reasons from {len(broken)} rules: {', '.join(broken)}"
        + by_waivers,
        reasons=reasons,
        unblocks="; ".join(fixes),
    )


def _reason(rule: RuleResult, waiver: WaiverInput | None) -> Reason:
    fix = rule.fix
    if waiver is not None:
        fix = (
            f"waived by {waiver.id} until {waiver.expires_at}: {waiver.reason}"
            f" (asked for by {waiver.requested_by.name}, approved by {waiver.approved_by.name})"
            + (f"; after that: {rule.fix}" if rule.fix else "")
        )
    return Reason(
        rule=rule.rule,
        outcome=rule.outcome.value,
        message=rule.message,
        component=rule.component,
        finding=rule.finding,
        fix=fix,
        who=rule.who,
        waiver=msgspec.UNSET if waiver is None else waiver.id,
    )


def _waived_words(count: int, used: tuple[WaiverInput, ...]) -> str:
    """``; 2 waived: wvr_1 until 2030-02-01``; empty where none is."""
    if not used:
        return ""
    named = [f"{one.id} until {one.expires_at[:10]}" for one in used[:_NAMED_MAX]]
    more = f" and {len(used) - _NAMED_MAX} more" if len(used) > _NAMED_MAX else ""
    return f"; {count} waived: {', '.join(named)}{more}"
