"""Do enough people stand behind this plan? Each rule is satisfied by people of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stella.promotion.model import (
    ApprovalInput,
    Counted,
    DecisionInput,
    Gate,
    GateState,
    Person,
    Reason,
    RuleInput,
)


def may_speak_for(person: Person, rule: RuleInput) -> bool:
    """Whether the rule names this person or a role they hold."""
    return bool({person.name, *person.roles} & set(rule.approvers))


def why_not_counted(approval: ApprovalInput, given: DecisionInput, plan_digest: str) -> str:
    """Why an approval does not count for this plan; empty where it does."""
    if approval.by.id == given.requested_by.id:
        return "given by the person who asked"
    if approval.plan_digest != plan_digest:
        return "given for another plan; what it relied on has changed"
    if not any(may_speak_for(approval.by, rule) for rule in given.environment.rules):
        return "no rule names this person or their roles"
    return ""


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """The gate, and for each approval the rule it was counted for."""

    gate: Gate
    counted: tuple[Counted, ...]


def judge_approvals(given: DecisionInput, plan_digest: str) -> ApprovalState:
    """Count the approvals. A person counts once, for one rule, however many they could speak for."""
    refused = {a.id: why_not_counted(a, given, plan_digest) for a in given.approvals}
    valid = [approval for approval in given.approvals if not refused[approval.id]]
    rule_of = _assign(given.environment.rules, valid)
    counted = tuple(
        Counted(
            id=approval.id,
            rule=rule_of.get(approval.id),
            why_not=refused[approval.id]
            or ("" if approval.id in rule_of else "the rules it could count for have enough"),
        )
        for approval in given.approvals
    )
    return ApprovalState(_gate(given.environment.rules, rule_of), counted)


def _assign(rules: Sequence[RuleInput], approvals: Sequence[ApprovalInput]) -> dict[str, str]:
    """Approval id -> rule, satisfying as many rule places as possible.

    A maximum bipartite matching by augmenting paths: taking people first come, first served would
    leave a rule empty whose only speaker had been spent on another one.
    """
    first_of_person: dict[str, ApprovalInput] = {}
    for approval in approvals:
        first_of_person.setdefault(approval.by.id, approval)
    places = [(rule, n) for rule in rules for n in range(rule.count)]
    holder: dict[tuple[str, int], ApprovalInput] = {}

    def seat(approval: ApprovalInput, tried: set[tuple[str, int]]) -> bool:
        for rule, n in places:
            place = (rule.rule, n)
            if place in tried or not may_speak_for(approval.by, rule):
                continue
            tried.add(place)
            if place not in holder or seat(holder[place], tried):
                holder[place] = approval
                return True
        return False

    for approval in first_of_person.values():
        seat(approval, set())
    return {approval.id: rule for (rule, _), approval in holder.items()}


def _gate(rules: Sequence[RuleInput], rule_of: Mapping[str, str]) -> Gate:
    reasons = []
    for rule in rules:
        have = sum(name == rule.rule for name in rule_of.values())
        if have < rule.count:
            who = " or ".join(rule.approvers)
            reasons.append(
                Reason(
                    rule=rule.rule,
                    outcome=GateState.WAITING.value,
                    message=f"{rule.rule}: {have} of {rule.count} approvals",
                    fix=f"{rule.count - have} more from {who}, not the person who asked",
                    who=who,
                )
            )
    if not rules:
        return Gate(name="approvals", state=GateState.PASS, summary="no approval is asked for")
    if not reasons:
        total = sum(rule.count for rule in rules)
        return Gate(name="approvals", state=GateState.PASS, summary=f"{total} of {total} approvals")
    return Gate(
        name="approvals",
        state=GateState.WAITING,
        summary="; ".join(reason.message for reason in reasons),
        reasons=tuple(reasons),
        unblocks="; ".join(reason.fix for reason in reasons),
    )
