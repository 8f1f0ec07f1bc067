"""Whether a person has a say in a promotion now: their own, or an absent one's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from stella.blob import Blobs
from stella.environment.oncall.model import Roster
from stella.environment.oncall.shifts import shift_at
from stella.environment.store import find_environment
from stella.kernel import Digest, Remedy, StellaError, parse_time, time_text
from stella.promotion.approval.absence import spoken_for_by
from stella.promotion.assemble import approval_inputs, speakers_of
from stella.promotion.errors import (
    AlreadyApproved,
    AuthorsUnknown,
    NoRuleNamesYou,
    NotAwaitingApproval,
    NotOnCall,
    NotYourTurn,
    OwnRequest,
)
from stella.promotion.gates.approvals import assign
from stella.promotion.gates.oncall import Held, held_by, held_in, said_of, schedules_in
from stella.promotion.gates.speaking import (
    NOBODY,
    Asked,
    Committed,
    asked_by,
    committed_in,
    may_speak_for,
    rule_input,
    voice_of,
    why_committed,
    why_excluded,
    why_not_for,
)
from stella.promotion.known.committed import asks_for_authors, commits_input, unaddressed
from stella.promotion.known.oncall import rosters_for
from stella.promotion.lifecycle import PROMOTION, Event, State
from stella.promotion.model import ApprovalInput, Person, RuleInput
from stella.promotion.store import Promotion, list_approvals
from stella.record.transaction import Tx
from stella.release.store import find_release


@dataclass(frozen=True, slots=True)
class Voice:
    """A person's own (absent is None), or that of the absent one for whom they stand in.

    rules: those that take it. rosters: of schedules that rules name and by which it is on call now.
    """

    absent: Person | None
    rules: tuple[RuleInput, ...]
    rosters: tuple[Roster, ...] = ()


def voice_in(
    tx: Tx,
    blobs: Blobs,
    found: Promotion,
    person: Person,
    stands_for: str | None = None,
    *,
    keep: bool = False,
) -> Voice | StellaError:
    """With which voice this person approves now, or why they cannot.

    blobs: where bills of materials and rosters are. stands_for: name of the absent one who is meant;
    None: their own voice first. keep: who is on call stays as it is until this transaction ends.
    """
    if found.state is not State.WAITING:
        return _waits_for_nobody(found)
    rules, asked, rosters = _asked(tx, found, keep=keep)
    given = approval_inputs(tx, list_approvals(tx, found.id))
    asked = replace(
        asked,
        committed=_committed(tx, blobs, found, person),
        on_call=held_by(given, lambda digest: blobs.get(Digest(digest))),
    )
    voices = list(_voices(tx, person, rules, asked, rosters))
    if not voices:
        return _unheard(found, person, rules, asked, rosters)
    wanted = [
        one
        for one in voices
        if stands_for is None or (one.absent is not None and one.absent.name == stands_for)
    ]
    if not wanted:
        return NoRuleNamesYou(
            f"{person.name} cannot speak for {str(stands_for)[:80]!r} on {found.id}",
            remedy=Remedy("See who is away, and who stands in.", command="stella away list"),
            environment=found.environment,
        )
    standing = [one for one in given if one.plan_digest == found.plan_digest]
    chosen = wanted[0]
    people = {person.id, person.id if chosen.absent is None else chosen.absent.id}
    for one in standing:
        is_theirs = bool({one.by.id, voice_of(one)} & people)
        if is_theirs and any(not why_not_for(one, rule, asked) for rule in rules):
            return AlreadyApproved(
                f"{one.by.name} approved this plan of {found.id} at {one.at}",
                remedy=Remedy("Nothing is left for you to do; somebody else has to speak."),
                approval=one.id,
            )
    waits = _waits_for(chosen.rules, rules, standing, asked)
    if waits:
        return NotYourTurn(
            f"{' and '.join(waits)} must have enough approvals before {person.name} is asked",
            remedy=Remedy("Wait until they have spoken.", command=f"stella why {found.id}"),
            promotion=found.id,
            waitsFor=waits,
        )
    return chosen


def why_not_approve(tx: Tx, blobs: Blobs, found: Promotion, person: Person) -> StellaError | None:
    """Why this person cannot approve it now; None where they can. What the console shows too."""
    voice = voice_in(tx, blobs, found, person)
    return voice if isinstance(voice, StellaError) else None


def why_not_reject(tx: Tx, found: Promotion, person: Person) -> StellaError | None:
    """Why this person has no say in it now; None where they have.

    Who committed what it brings may say no to it.
    """
    if Event.REJECT not in PROMOTION.events_from(found.state):
        return _waits_for_nobody(found)
    rules, asked, rosters = _asked(tx, found)
    if next(_voices(tx, person, rules, asked, rosters), None) is not None:
        return None
    return _unheard(found, person, rules, asked, rosters)


def _waits_for_nobody(found: Promotion) -> StellaError:
    return NotAwaitingApproval(
        f"{found.id} is {found.state.value}: it waits for nobody",
        remedy=Remedy("See how it stands.", command=f"stella why {found.id}"),
        state=found.state.value,
    )


def _unheard(
    found: Promotion,
    person: Person,
    rules: Sequence[RuleInput],
    asked: Asked,
    rosters: Sequence[Roster],
) -> StellaError:
    """Why no rule takes any voice of theirs."""
    own = frozenset({person.id})
    held = _held(rosters, person, asked.now)
    why_not = [why_excluded(own, one, asked) for one in rules if may_speak_for(person, one, held)]
    if all(why_not) and (why_committed(own, asked.committed) or None) in why_not:
        return _refused_for_commits(found, person, asked)
    if rules and all(why_excluded(own, one, asked) for one in rules):
        if person.id == found.requested_by.id:
            did = "requested"
        else:
            did = f"{'made' if person.id == asked.creator else 'revised'} the release of"
        return OwnRequest(
            f"{person.name} {did} {found.id} and cannot decide about it",
            remedy=Remedy("Ask another approver of this environment."),
            promotion=found.id,
        )
    asking = schedules_in(one for one in rules if not why_excluded(own, one, asked))
    if asking and not why_not:
        return _off_call(found, person, asked.now, [it for it in rosters if it.name in asking])
    who = sorted({name for one in rules for name in one.approvers})
    return NoRuleNamesYou(
        f"no approval rule of {found.environment} names {person.name} or their roles",
        remedy=Remedy(f"Ask one of: {', '.join(who) or 'nobody is named'}."),
        environment=found.environment,
        approvers=who,
    )


def _off_call(found: Promotion, person: Person, now: str, rosters: Sequence[Roster]) -> StellaError:
    """Who is on call in their place, and until when."""
    shifts = {one.name: shift_at(one, parse_time(now)) for one in rosters}
    nobody = [f"nobody is on call for {name}" for name, one in shifts.items() if not one.person]
    said = [said_of(name, one) for name, one in shifts.items() if one.person]
    return NotOnCall(
        f"{person.name} is not on call for {' or '.join(shifts)}; "
        f"{'; '.join([*(f'it is {one}' for one in said), *nobody])}",
        remedy=Remedy(
            f"Ask {' or '.join(said)}."
            if said
            else "Somebody takes a shift, or the schedule is mended.",
            command=f"stella oncall show {rosters[0].name}",
        ),
        promotion=found.id,
        onCall={name: one.person or "" for name, one in shifts.items()},
        until={
            name: "" if it.ends_at is None else time_text(it.ends_at) for name, it in shifts.items()
        },
    )


def _held(rosters: Sequence[Roster], person: Person, now: str) -> Held:
    """The shifts in which they are on call now; the digests of these rosters matter to nobody yet."""
    return held_in([(one, "") for one in rosters], person, now)


def _refused_for_commits(found: Promotion, person: Person, asked: Asked) -> StellaError:
    """What they, or somebody nobody knows, committed."""
    known = asked.committed
    if not known.why and person.id in known.authors:
        return OwnRequest(
            f"{person.name} committed some of what {found.id} brings and cannot decide about it",
            remedy=Remedy("Ask another approver of this environment."),
            promotion=found.id,
        )
    remedy = Remedy(
        "An administrator says by which address you commit.",
        command=f"stella user address add {person.name} ADDRESS",
    )
    return AuthorsUnknown(
        f"nobody knows who committed what {found.id} brings: {known.why}"
        if known.why
        else f"nobody knows who {known.strangers[0]} is, who committed some of what {found.id} "
        f"brings, nor by which address {person.name} commits",
        remedy=Remedy(known.fix, command=f"stella why {found.id}") if known.why else remedy,
        promotion=found.id,
    )


def _voices(
    tx: Tx,
    person: Person,
    rules: Sequence[RuleInput],
    asked: Asked,
    rosters: Sequence[Roster],
) -> Iterator[Voice]:
    """Every voice of this person that at least one rule takes, their own first."""
    yield from _taken(None, person, rules, asked, rosters)
    for absent in spoken_for_by(tx, person.id):
        yield from _taken(absent, person, rules, asked, rosters)


def _taken(
    absent: Person | None,
    person: Person,
    rules: Sequence[RuleInput],
    asked: Asked,
    rosters: Sequence[Roster],
) -> Iterator[Voice]:
    held = _held(rosters, absent or person, asked.now)
    asked = replace(asked, on_call={**asked.on_call, "": held})
    # When they proved who they are is asked of whom a rule takes, and refused with a code of its own.
    given = ApprovalInput(
        id="",
        by=person,
        at=asked.now,
        comment="",
        plan_digest="",
        bundle="",
        stands_for=msgspec.UNSET if absent is None else absent,
        proven_at=asked.now,
    )
    taken = tuple(rule for rule in rules if not why_not_for(given, rule, asked))
    if taken:
        yield Voice(absent, taken, tuple(one for one in rosters if one.name in held))


def _asked(
    tx: Tx, found: Promotion, *, keep: bool = False
) -> tuple[tuple[RuleInput, ...], Asked, tuple[Roster, ...]]:
    environment = find_environment(tx, found.environment)
    rules = tuple(rule_input(one) for one in environment.approvals)
    release = find_release(tx, found.release)
    asked = asked_by(
        found.requested_by,
        time_text(tx.now),
        creator=release.created_by,
        reviser=release.revised_by or "",
        is_automatic=found.is_automatic,
        reauthenticate_minutes=environment.reauthenticate_minutes,
        committed=NOBODY,
    )
    return rules, asked, rosters_for(tx, environment, keep=keep)


def _committed(tx: Tx, blobs: Blobs, found: Promotion, person: Person) -> Committed:
    """Who committed what it brings, where a rule asks; and of whom of these people no address is known."""
    environment = find_environment(tx, found.environment)
    if not asks_for_authors(environment):
        return NOBODY
    given = speakers_of(approval_inputs(tx, list_approvals(tx, found.id)))
    people = {person.id, *given, *(one.id for one in spoken_for_by(tx, person.id))}
    commits = commits_input(tx, blobs, environment, find_release(tx, found.release))
    return committed_in(commits, unaddressed(tx, people))


def _waits_for(
    mine: Sequence[RuleInput],
    rules: Sequence[RuleInput],
    standing: Sequence[ApprovalInput],
    asked: Asked,
) -> list[str]:
    """The rules that must have enough first, where each of ``mine`` waits for one.

    A rule that is asked for some releases alone holds nobody up here: the gates know whether it is.
    """
    rule_of = assign(rules, standing, asked)
    held = list(rule_of.values())
    wanting = {
        one.rule
        for one in rules
        if one.worsened is msgspec.UNSET and held.count(one.rule) < one.count
    }
    after = {one.rule: one.after for one in rules if one.after is not msgspec.UNSET}
    waits = set[str]()
    for rule in mine:
        before, at = set[str](), after.get(rule.rule)
        while at is not None:
            before |= {at} & wanting
            at = after.get(at)
        if not before:
            return []
        waits |= before
    return sorted(waits)
