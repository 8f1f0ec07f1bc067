"""Whose approval an approval rule takes, and until when."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from stella.environment.model import ApprovalRule, Excluded
from stella.environment.oncall.model import PREFIX, schedule_named
from stella.kernel import parse_time, time_text
from stella.promotion.gates.oncall import Held, schedules_in
from stella.promotion.model import ApprovalInput, CommitsInput, DecisionInput, Person, RuleInput

_AS_EVER = (Excluded.REQUESTER.value,)


@dataclass(frozen=True, slots=True)
class Committed:
    """Who committed what a promotion brings. authors: users' ids; strangers: addresses of no known user.

    why, fix: the first reason for which it is not known, and what mends it; empty where it is.
    unaddressed: ids of people of whom nobody knows by which address they commit.
    """

    authors: frozenset[str] = frozenset()
    strangers: tuple[str, ...] = ()
    why: str = "it was not recorded"
    fix: str = "Ask for it anew."
    unaddressed: frozenset[str] = frozenset()


NOBODY = Committed(why="", fix="")
"""No word is turned down for who committed."""


NO_ADDRESS = "somebody without an address"


def committed_in(commits: Iterable[CommitsInput], unaddressed: Iterable[str]) -> Committed:
    """The same of a decision's input."""
    found = list(commits)
    authors = [author for one in found for author in one.authors]
    untold = next((one for one in found if one.why is not msgspec.UNSET), None)
    return Committed(
        authors=frozenset(one.user.id for one in authors if one.user is not None),
        strangers=tuple(sorted({one.address or NO_ADDRESS for one in authors if one.user is None})),
        why=f"{untold.component}: {untold.why}" if untold is not None else "",
        fix=(untold.fix or "") if untold is not None else "",
        unaddressed=frozenset(unaddressed),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What whose word counts depends on. requester, creator, reviser: ids; now: RFC 3339.

    creator: of the release, empty where no rule asks for it. reviser: who gave it the variables that
    it has, empty where nobody did since it was made. Where nobody asked (is_automatic), these two
    count as the ones who did: it is their work that would go on by itself. reauthenticate_minutes: how
    long before they speak people prove who they are, None where that is not asked. on_call: approval
    id -> the shifts in which it was given.
    """

    requester: str
    creator: str
    now: str
    is_automatic: bool = False
    reviser: str = ""
    reauthenticate_minutes: int | None = None
    committed: Committed = Committed()
    on_call: Mapping[str, Held] = field(default_factory=dict)


def asked_in(given: DecisionInput, on_call: Mapping[str, Held] | None = None) -> Asked:
    """The same of a decision's input, and of the shifts in which its approvals were given."""
    asked = asked_by(
        given.requested_by,
        given.now,
        creator=given.release_creator or "",
        reviser=given.release_reviser or "",
        is_automatic=given.automatic is not msgspec.UNSET,
        reauthenticate_minutes=given.environment.reauthenticate_minutes or None,
        committed=Committed()
        if given.commits is msgspec.UNSET
        else committed_in(given.commits, given.unaddressed or ()),
    )
    return replace(asked, on_call=on_call or {})


def asked_by(
    person: Person,
    now: str,
    *,
    creator: str,
    reviser: str,
    is_automatic: bool,
    reauthenticate_minutes: int | None,
    committed: Committed,
) -> Asked:
    """The same of a request. person: who asked."""
    requester = creator if is_automatic else person.id
    return Asked(requester, creator, now, is_automatic, reviser, reauthenticate_minutes, committed)


def rule_input(rule: ApprovalRule) -> RuleInput:
    """A rule as decisions name it; what is as ever is left out."""
    exclude = tuple(one.value for one in rule.exclude)
    return RuleInput(
        rule.rule,
        rule.approvers,
        rule.count,
        exclude=msgspec.UNSET if exclude == _AS_EVER else exclude,
        expires_after_h=msgspec.UNSET if rule.expires_after_h is None else rule.expires_after_h,
        after=msgspec.UNSET if rule.after is None else rule.after,
        worsened=msgspec.UNSET if rule.worsened is None else rule.worsened,
    )


def may_speak_for(person: Person, rule: RuleInput, on_call: Collection[str] = ()) -> bool:
    """Whether the rule names this person, a role they hold, or a schedule by which they are on call."""
    words = {word for word in (person.name, *person.roles) if schedule_named(word) is None}
    return bool(words & {*rule.approvers}) or bool(called_for(rule, on_call))


def called_for(rule: RuleInput, on_call: Collection[str]) -> tuple[str, ...]:
    """Of these schedules those that the rule names."""
    return tuple(one for one in on_call if PREFIX + one in rule.approvers)


def why_excluded(ids: frozenset[str], rule: RuleInput, asked: Asked) -> str:
    """Why the rule takes no word of these people; empty where it does."""
    exclude = excluded_of(rule)
    if Excluded.REQUESTER in exclude and asked.requester in ids and not asked.is_automatic:
        return "given by the person who asked"
    excludes_creator = Excluded.RELEASE_CREATOR in exclude or (
        asked.is_automatic and Excluded.REQUESTER in exclude
    )
    if excludes_creator and asked.creator in ids:
        return "given by the person who made the release"
    if excludes_creator and asked.reviser in ids:
        return "given by the person who revised the release"
    if Excluded.COMMIT_AUTHORS in exclude:
        return why_committed(ids, asked.committed)
    return ""


def why_committed(ids: frozenset[str], committed: Committed) -> str:
    """Why a rule that takes no author's word takes none of these people; empty where it does.

    Who commits by an address of which nobody knows whose it is may be anybody of whom none is known.
    """
    if committed.why:
        return f"nobody knows who committed what it brings: {committed.why}"
    if ids & committed.authors:
        return "given by a person who committed some of what it brings"
    if committed.strangers and ids & committed.unaddressed:
        return (
            f"nobody knows who {committed.strangers[0]} is, who committed some of it, nor by which "
            "address the one who gave it commits"
        )
    return ""


def excluded_of(rule: RuleInput) -> tuple[str, ...]:
    """Whose word it does not take."""
    return _AS_EVER if rule.exclude is msgspec.UNSET else rule.exclude


def until(approval: ApprovalInput, rule: RuleInput) -> str | None:
    """When it counts for the rule no more; None for never."""
    if rule.expires_after_h is msgspec.UNSET:
        return None
    return time_text(parse_time(approval.at) + timedelta(hours=rule.expires_after_h))


def is_recent(proven_at: str | None, at: str, minutes: int) -> bool:
    """Whether somebody who speaks at ``at`` proved at most so many minutes before who they are."""
    if proven_at is None or proven_at > at:
        return False
    return at < time_text(parse_time(proven_at) + timedelta(minutes=minutes))


def voice_of(approval: ApprovalInput) -> str:
    """Whose word it is: of the absent one where it was given in their place."""
    return approval.by.id if approval.stands_for is msgspec.UNSET else approval.stands_for.id


def why_not_counted(
    approval: ApprovalInput, rules: Sequence[RuleInput], plan_digest: str, asked: Asked
) -> str:
    """Why an approval counts for none of the rules; empty where it could for at least one."""
    reasons = [why_not_for(approval, rule, asked) for rule in rules]
    if rules and all(why_excluded(frozenset({approval.by.id}), one, asked) for one in rules):
        return why_excluded(frozenset({approval.by.id}), rules[0], asked)
    if approval.plan_digest != plan_digest:
        return "given for another plan; what it relied on has changed"
    if "" in reasons:
        return ""
    return next((one for one in reasons if one != _UNNAMED), _UNNAMED)


_UNNAMED = "no rule names this person or their roles"


def _why_unnamed(then: Person, rule: RuleInput) -> str:
    if may_speak_for(then, rule):
        return f"{then.name} could speak for {rule.rule} then, and cannot now"
    schedules = schedules_in([rule])
    if schedules:
        return f"{then.name} was not on call for {' or '.join(schedules)} when it was given"
    return _UNNAMED


def why_not_for(approval: ApprovalInput, rule: RuleInput, asked: Asked) -> str:
    """Why it does not count for this rule; empty where it does."""
    by = approval.by if approval.by_now is msgspec.UNSET else approval.by_now
    if by is None:
        return f"{approval.by.name} may approve no more"
    then, now = approval.by, by
    if approval.stands_for is not msgspec.UNSET:
        then = approval.stands_for
        absent = then if approval.stands_for_now is msgspec.UNSET else approval.stands_for_now
        if absent is None:
            return f"{then.name}, for whom it was given, may approve no more"
        now = absent
    on_call = asked.on_call.get(approval.id, {})
    if not may_speak_for(now, rule, on_call):
        return _why_unnamed(then, rule)
    excluded = why_excluded(frozenset({approval.by.id, now.id}), rule, asked)
    if excluded:
        return excluded
    minutes = asked.reauthenticate_minutes
    if minutes is not None and not is_recent(approval.proven_at or None, approval.at, minutes):
        return f"given without a proof of who {approval.by.name} is from {minutes} min before"
    end = until(approval, rule)
    return f"it counted for {rule.rule} until {end}" if end and end <= asked.now else ""
