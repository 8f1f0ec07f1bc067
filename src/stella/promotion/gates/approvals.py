"""Do enough people stand behind this plan? Each rule is satisfied by people of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from stella.environment.model import Excluded
from stella.environment.oncall.model import Shift
from stella.kernel import time_text
from stella.promotion.gates.oncall import (
    Content,
    gaps_in,
    held_by,
    no_document,
    schedules_in,
    shifts_now,
    speaker_of,
)
from stella.promotion.gates.speaking import (
    NO_ADDRESS,
    Asked,
    asked_in,
    called_for,
    excluded_of,
    may_speak_for,
    until,
    voice_of,
    why_not_counted,
    why_not_for,
)
from stella.promotion.model import (
    ApprovalInput,
    Counted,
    DecisionInput,
    Gate,
    GateState,
    Reason,
    RuleInput,
    ShiftInput,
)

_NOT_WHO = {
    Excluded.REQUESTER.value: "the person who asked",
    Excluded.RELEASE_CREATOR.value: "the person who made the release",
    Excluded.COMMIT_AUTHORS.value: "who committed what it brings",
}
_AUTHORS_SHOWN = 8
_REVISER = "the person who revised it"


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """The gate, and for each approval the rule it was counted for."""

    gate: Gate
    counted: tuple[Counted, ...]


def judge_approvals(
    given: DecisionInput,
    plan_digest: str,
    not_asked: Mapping[str, str] | None = None,
    content: Content = no_document,
) -> ApprovalState:
    """Count the approvals. A person counts once, for one rule, however many they could speak for.

    not_asked: rule -> why it asks for nobody this time. content: the rosters that the input names.
    """
    asked, spared = asked_in(given, held_by(given.approvals, content)), not_asked or {}
    rules = [one for one in given.environment.rules if one.rule not in spared]
    refused = {a.id: why_not_counted(a, rules, plan_digest, asked) for a in given.approvals}
    valid = [approval for approval in given.approvals if not refused[approval.id]]
    rule_of = assign(rules, valid, asked)
    by_name = {one.rule: one for one in rules}
    counted = tuple(
        _counted(approval, rule_of.get(approval.id), refused[approval.id], by_name, asked)
        for approval in given.approvals
    )
    shifts = shifts_now(given, content)
    gate = _gate(rules, rule_of, spared, asked, authors=_authors(given, rules), shifts=shifts)
    return ApprovalState(gate, counted)


def assign(
    rules: Sequence[RuleInput], approvals: Sequence[ApprovalInput], asked: Asked
) -> dict[str, str]:
    """Approval id -> rule, satisfying as many rule places as possible.

    A maximum bipartite matching by augmenting paths: taking people first come, first served would
    leave a rule empty whose only speaker had been spent on another one. A rule that waits for
    another has no places until that one is full; a path never empties a place, so none gives way.
    """
    names = {rule.rule for rule in rules}
    holder: dict[tuple[str, int], ApprovalInput] = {}
    places: list[tuple[RuleInput, int]] = []

    def seat(approval: ApprovalInput, tried: set[tuple[str, int]]) -> bool:
        for rule, n in places:
            place = (rule.rule, n)
            if place in tried or why_not_for(approval, rule, asked):
                continue
            tried.add(place)
            if place not in holder or seat(holder[place], tried):
                holder[place] = approval
                return True
        return False

    opened: set[str] = set()
    while True:
        full = {one.rule for one in rules if all((one.rule, n) in holder for n in range(one.count))}
        opening = [
            one
            for one in rules
            if one.rule not in opened
            and (one.after is msgspec.UNSET or one.after not in names or one.after in full)
        ]
        if not opening:
            return {approval.id: rule for (rule, _), approval in holder.items()}
        opened |= {one.rule for one in opening}
        places += [(rule, n) for rule in opening for n in range(rule.count)]
        seated = {one.id for one in holder.values()}
        for approval in _one_each(approvals):
            if approval.id not in seated:
                seat(approval, set())


def _one_each(approvals: Sequence[ApprovalInput]) -> list[ApprovalInput]:
    """The last word of each person, and of each for whom somebody stood in: nobody speaks twice."""
    kept: list[ApprovalInput] = []
    seen: set[str] = set()
    for approval in reversed(approvals):
        people = {approval.by.id, voice_of(approval)}
        if not people & seen:
            seen |= people
            kept.append(approval)
    return kept[::-1]


def _counted(
    approval: ApprovalInput,
    rule: str | None,
    refused: str,
    rules: Mapping[str, RuleInput],
    asked: Asked,
) -> Counted:
    if rule is None:
        waits = any(one.after is not msgspec.UNSET for one in rules.values())
        enough = "the rules it could count for have enough"
        return Counted(approval.id, None, refused or enough + (" or wait" if waits else ""))
    end = until(approval, rules[rule])
    shift = _shift_of(approval, rules[rule], asked)
    return Counted(approval.id, rule, until=msgspec.UNSET if end is None else end, on_call=shift)


def _shift_of(
    approval: ApprovalInput, rule: RuleInput, asked: Asked
) -> ShiftInput | msgspec.UnsetType:
    """In which it was given, where the rule names whose word it is by nothing else."""
    voice = approval.by if approval.stands_for is msgspec.UNSET else approval.stands_for
    now = approval.by_now if approval.stands_for is msgspec.UNSET else approval.stands_for_now
    if may_speak_for(voice if now is msgspec.UNSET or now is None else now, rule):
        return msgspec.UNSET
    held = asked.on_call[approval.id]
    return held[called_for(rule, held)[0]]


def _gate(
    rules: Sequence[RuleInput],
    rule_of: Mapping[str, str],
    spared: Mapping[str, str],
    asked: Asked,
    *,
    authors: str,
    shifts: Mapping[str, Shift],
) -> Gate:
    have = {one.rule: sum(name == one.rule for name in rule_of.values()) for one in rules}
    wanting = {one.rule for one in rules if have[one.rule] < one.count}
    reasons = tuple(
        _reason(one, have[one.rule], wanting, asked, shifts) for one in rules if one.rule in wanting
    )
    notes = "".join(f"; {rule} is not asked: {why}" for rule, why in sorted(spared.items()))
    notes += authors
    if not reasons:
        total = sum(rule.count for rule in rules)
        said = f"{total} of {total} approvals" if rules else "no approval is asked for"
        return Gate(name="approvals", state=GateState.PASS, summary=said + notes)
    return Gate(
        name="approvals",
        state=GateState.WAITING,
        summary="; ".join(reason.message for reason in reasons) + notes,
        reasons=reasons,
        unblocks="; ".join(reason.fix for reason in reasons),
        due=_due([one for one in rules if one.rule in wanting], shifts),
    )


def _due(wanting: Sequence[RuleInput], shifts: Mapping[str, Shift]) -> str | msgspec.UnsetType:
    """When somebody else is on call whom one of these rules asks."""
    ends = [shifts[one].ends_at for one in schedules_in(wanting) if one in shifts]
    known = [time_text(one) for one in ends if one is not None]
    return min(known, default=msgspec.UNSET)


def _authors(given: DecisionInput, rules: Sequence[RuleInput]) -> str:
    """Who committed, where a rule asks; whoever is no known user is shown by the address."""
    if given.commits is msgspec.UNSET or all(
        Excluded.COMMIT_AUTHORS not in excluded_of(one) for one in rules
    ):
        return ""
    known = sorted(
        {
            one.user.name
            if one.user is not None
            else f"{one.address or NO_ADDRESS} (no known user)"
            for commits in given.commits
            for one in commits.authors
        }
    )
    more = f" and {len(known) - _AUTHORS_SHOWN} more" if len(known) > _AUTHORS_SHOWN else ""
    return f"; it brings commits of {', '.join(known[:_AUTHORS_SHOWN])}{more}" if known else ""


def _reason(
    rule: RuleInput, have: int, wanting: set[str], asked: Asked, shifts: Mapping[str, Shift]
) -> Reason:
    who = " or ".join(speaker_of(one, shifts) for one in rule.approvers)
    excluded = list(dict.fromkeys(who for one in excluded_of(rule) for who in _not_who(one, asked)))
    asked_now = " or ".join(speaker_of(one, shifts, until=True) for one in rule.approvers)
    fix = f"{rule.count - have} more from {asked_now}"
    fix += f", not {' nor '.join(excluded)}" if excluded else ""
    message = f"{rule.rule}: {have} of {rule.count} approvals"
    gaps = gaps_in(rule, shifts)
    message += f", {gaps}" if gaps else ""
    if rule.after is not msgspec.UNSET and rule.after in wanting:
        message += f", asked once {rule.after} has enough"
    if Excluded.COMMIT_AUTHORS in excluded_of(rule) and asked.committed.why:
        message += f"; nobody knows who committed what it brings: {asked.committed.why}"
        fix = asked.committed.fix
    if rule.expires_after_h is not msgspec.UNSET:
        fix += f"; each counts for {rule.expires_after_h} h"
    return Reason(
        rule=rule.rule,
        outcome=GateState.WAITING.value,
        message=message,
        fix=fix,
        who=who,
    )


def _not_who(excluded: str, asked: Asked) -> tuple[str, ...]:
    if asked.is_automatic and excluded == Excluded.REQUESTER:
        excluded = Excluded.RELEASE_CREATOR.value
    named = _NOT_WHO.get(excluded, excluded)
    is_revised = excluded == Excluded.RELEASE_CREATOR and bool(asked.reviser)
    return (named, _REVISER) if is_revised else (named,)
