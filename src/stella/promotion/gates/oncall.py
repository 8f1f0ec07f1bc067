"""Whoever is on call: which shift a word was given in, and who could give one now.

A pure function of rosters named by digest, and of the time of the word: it stands when the shift ends.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec

from stella.environment.oncall.document import read_roster
from stella.environment.oncall.model import Roster, Shift, schedule_named
from stella.environment.oncall.shifts import shift_at
from stella.kernel import parse_time, time_text
from stella.promotion.model import (
    ApprovalInput,
    DecisionInput,
    OnCallInput,
    Person,
    RuleInput,
    ShiftInput,
)

Content = Callable[[str], bytes]
"""Handed in: the document of a digest."""
Held = Mapping[str, ShiftInput]
"""Schedule -> the shift by it in which a word was given."""


def no_document(digest: str) -> bytes:
    """Where no rule asks whoever is on call, none is named. Raises KeyError."""
    raise KeyError(digest)


def rosters_named(given: DecisionInput) -> tuple[OnCallInput, ...]:
    """All rosters that a decision's input names, each once: those of now, and of each approval."""
    found = [*(() if given.on_call is msgspec.UNSET else given.on_call)]
    for one in given.approvals:
        found += () if one.on_call is msgspec.UNSET else one.on_call
    return tuple(dict.fromkeys(found))


def schedules_in(rules: Iterable[RuleInput]) -> tuple[str, ...]:
    """The schedules that these rules name, each once."""
    found = (schedule_named(name) for one in rules for name in one.approvers)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def held_in(
    rosters: Iterable[tuple[Roster, str]], person: Person, at: str
) -> dict[str, ShiftInput]:
    """Of rosters, each with the digest of its document, those by which this person is on call then."""
    found: dict[str, ShiftInput] = {}
    for roster, digest in rosters:
        shift = shift_at(roster, parse_time(at))
        if shift.person is not None and shift.person == person.name:
            found[roster.name] = shift_input(roster.name, digest, shift)
    return found


def shift_input(schedule: str, digest: str, shift: Shift) -> ShiftInput:
    """A shift in which somebody is on call, as decisions name it."""
    assert shift.person is not None, "somebody is on call"
    return ShiftInput(
        schedule=schedule,
        document=digest,
        person=shift.person,
        starts_at=time_text(shift.starts_at),
        ends_at=None if shift.ends_at is None else time_text(shift.ends_at),
    )


def held_by(approvals: Iterable[ApprovalInput], content: Content) -> dict[str, Held]:
    """Approval id -> the shifts in which whose word it is was on call when it was given.

    Raises what ``content`` does, MalformedDocument.
    """
    found: dict[str, Held] = {}
    for one in approvals:
        named = () if one.on_call is msgspec.UNSET else one.on_call
        voice = one.by if one.stands_for is msgspec.UNSET else one.stands_for
        found[one.id] = held_in(rosters_of(named, content), voice, one.at)
    return found


def rosters_of(named: Iterable[OnCallInput], content: Content) -> list[tuple[Roster, str]]:
    """The rosters of those names, as far as their documents are about them."""
    rosters = [(one, read_roster_once(content(one.document))) for one in named]
    return [(roster, one.document) for one, roster in rosters if roster.name == one.schedule]


def shifts_now(given: DecisionInput, content: Content) -> dict[str, Shift]:
    """Schedule -> who is on call at the time of the decision."""
    named = () if given.on_call is msgspec.UNSET else given.on_call
    at = parse_time(given.now)
    return {roster.name: shift_at(roster, at) for roster, _ in rosters_of(named, content)}


def said_of(schedule: str, shift: Shift | None) -> str:
    """Who is on call and until when, for people."""
    who = _who(schedule, shift)
    if shift is None or shift.ends_at is None:
        return who
    until = time_text(shift.ends_at)
    return f"{who} until {until}" if shift.person else f"{who}, nobody until {until}"


def _who(schedule: str, shift: Shift | None) -> str:
    if shift is None or shift.person is None:
        return f"whoever is on call for {schedule}"
    return f"{shift.person}, on call for {schedule}"


def gaps_in(rule: RuleInput, shifts: Mapping[str, Shift]) -> str:
    """Of which of its schedules nobody is on call now, for people; empty where somebody is by each."""
    gaps = [one for one in schedules_in([rule]) if one not in shifts or not shifts[one].person]
    return f"nobody is on call for {' and '.join(gaps)}" if gaps else ""


def speaker_of(approver: str, shifts: Mapping[str, Shift], *, until: bool = False) -> str:
    """An approver of a rule, for people: a user, a role, or who is on call, with or without its end."""
    schedule = schedule_named(approver)
    if schedule is None:
        return approver
    said = said_of if until else _who
    return said(schedule, shifts.get(schedule))


@lru_cache(maxsize=256)
def read_roster_once(content: bytes) -> Roster:
    """Raises MalformedDocument."""
    return read_roster(content)
