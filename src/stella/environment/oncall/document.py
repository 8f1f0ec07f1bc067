"""Declarative documents -> on-call schedules. What is wrong with one is said all at once."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain, islice, pairwise
from zoneinfo import ZoneInfo

import msgspec

from stella.environment.document import malformed, read_spec
from stella.environment.oncall.model import (
    KIND,
    Every,
    Hours,
    Layer,
    Override,
    Roster,
    Schedule,
)
from stella.environment.oncall.shifts import TURN_MAX
from stella.environment.recurrence import (
    WEEKDAYS,
    NotARule,
    Recurrence,
    begins_by_rule,
    days_through,
    parse_recurrence,
)
from stella.kernel import Json, StellaError, parse_time, time_text
from stella.kernel.names import NAME

_LAYERS_MAX = 10
_PEOPLE_MAX = 50
_HOURS_MAX = 20
_HOURS_OF_ALL_MAX = 40
_OVERRIDES_MAX = 200
_NAME_CHARACTERS_MAX = 80
_REASON_CHARACTERS_MAX = 1000
_REASONS_MAX = 20
_YEARS = range(2020, 2200)
_LOOKED_AT_YEARS = 12
OVERRIDE_MAX = timedelta(days=366)
_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")


def parse_schedule(name: str, spec: Mapping[str, Json]) -> Schedule:
    """Raises MalformedDocument with every reason."""
    read = read_spec(KIND, name, spec, Schedule)
    reasons = [*islice(chain(_faults(read), _faults_of_size(read)), _REASONS_MAX)]
    if reasons:
        raise malformed(KIND, name, "; ".join(reasons))
    overrides = tuple(
        msgspec.structs.replace(
            one, starts=time_text(parse_time(one.starts)), ends=time_text(parse_time(one.ends))
        )
        for one in read.overrides
    )
    return msgspec.structs.replace(read, overrides=overrides)


def read_roster(content: bytes) -> Roster:
    """The roster of ``Roster.to_json``, of whoever wrote it. Raises MalformedDocument."""
    try:
        read = msgspec.json.decode(content, type=Roster)
    except msgspec.MsgspecError as error:
        raise malformed(KIND, "", f"it cannot be read: {str(error)[:200]}") from None
    taken = [Override(one.person, one.starts, one.ends) for one in read.taken]
    reasons = [*islice(chain(_faults(read.schedule), *map(_faults_of_override, taken)), 1)]
    if reasons:
        raise malformed(KIND, read.name, reasons[0])
    return read


def _faults(value: Schedule) -> Iterator[str]:
    if not _is_zone(value.time_zone):
        yield f"there is no time zone {value.time_zone[:60]!r}; it is like Europe/Berlin"
    if not 0 < len(value.layers) <= _LAYERS_MAX:
        yield f"layers: from 1 to {_LAYERS_MAX} of them"
    twice = [name for name, n in Counter(one.name for one in value.layers).items() if n > 1]
    yield from (f"{name[:80]!r} is the name of more than one layer" for name in twice)
    for one in value.layers[:_LAYERS_MAX]:
        yield from (f"layer {one.name[:80]!r}: {why}" for why in _faults_of_layer(one))
    if len(value.overrides) > _OVERRIDES_MAX:
        yield f"overrides: at most {_OVERRIDES_MAX}"
    for override in value.overrides[:_OVERRIDES_MAX]:
        yield from _faults_of_override(override)


def _faults_of_size(value: Schedule) -> Iterator[str]:
    """What is refused from now on; rosters that were recorded before are read all the same."""
    if sum(len(one.only) for one in value.layers) > _HOURS_OF_ALL_MAX:
        yield f"only: at most {_HOURS_OF_ALL_MAX} of all layers together"
    for one in value.overrides[:_OVERRIDES_MAX]:
        with suppress(StellaError):  # what is no time was said already
            if parse_time(one.starts).year not in _YEARS:
                yield f"overrides: from is in a year from {_YEARS[0]} to {_YEARS[-1]}"


def _faults_of_layer(one: Layer) -> Iterator[str]:
    if not NAME.match(one.name) or one.name == "override":
        yield "it is no name"
    if not 0 < len(one.people) <= _PEOPLE_MAX:
        yield f"people: from 1 to {_PEOPLE_MAX} of them"
    if not all(_is_person(person) for person in one.people):
        yield f"names of people have 1 to {_NAME_CHARACTERS_MAX} characters"
    if len(one.only) > _HOURS_MAX:
        yield f"only: at most {_HOURS_MAX}"
    for hours in one.only[:_HOURS_MAX]:
        yield from _faults_of_hours(hours)
    first = _clock(one.starts)
    if first is None:
        yield "from is a local time like 2030-01-07T09:00, without a zone"
        return
    if (one.handover is None) == (one.every is None):
        yield "either handover, a rule, or every, a length"
    elif one.every is not None:
        yield from _faults_of_length(one.every)
    elif one.handover is not None:
        yield from _faults_of_handover(first, one.handover)


def _faults_of_length(every: Every) -> Iterator[str]:
    if bool(every.days) == bool(every.hours):
        yield "every has either days or hours"
    elif not 0 < every.days + every.hours <= TURN_MAX.days:
        yield f"every is from 1 to {TURN_MAX.days}"


def _faults_of_handover(first: datetime, text: str) -> Iterator[str]:
    """A turn that has no end would leave somebody on call for ever."""
    try:
        rule = parse_recurrence(text)
    except NotARule as error:
        yield f"handover: {error}"
        return
    if rule.until is not None or rule.count is not None:
        yield "handover: a rotation has no end, so it has neither UNTIL nor COUNT"
    elif not begins_by_rule(first, rule):
        yield "handover: from is not one of its days"
    elif not _comes_often(first, rule):
        yield f"handover: it comes less often than every {TURN_MAX.days} days"


def _comes_often(first: datetime, rule: Recurrence) -> bool:
    days = days_through(first.date(), rule, first.year + _LOOKED_AT_YEARS)
    return len(days) > 1 and all(after - before < TURN_MAX for before, after in pairwise(days))


def _faults_of_hours(one: Hours) -> Iterator[str]:
    if not _OF_DAY.match(one.starts) or not _OF_DAY.match(one.ends):
        yield "only: from and until are times of the day like 22:00"
    strange = sorted(set(one.days) - {*WEEKDAYS})
    if strange or len(one.days) > len(WEEKDAYS):
        yield f"only: days are among {', '.join(WEEKDAYS)}"


def _faults_of_override(one: Override) -> Iterator[str]:
    if not _is_person(one.person):
        yield f"overrides: names of people have 1 to {_NAME_CHARACTERS_MAX} characters"
    if len(one.reason) > _REASON_CHARACTERS_MAX:
        yield f"overrides: a reason has at most {_REASON_CHARACTERS_MAX} characters"
    try:
        length = parse_time(one.ends) - parse_time(one.starts)
    except StellaError:
        yield "overrides: from and until are times like 2030-12-20T18:00:00Z"
        return
    if not timedelta() < length <= OVERRIDE_MAX:
        yield f"overrides: until is after from, by {OVERRIDE_MAX.days} days at most"


def _is_person(name: str) -> bool:
    return 0 < len(name) <= _NAME_CHARACTERS_MAX


def _is_zone(text: str) -> bool:
    # Looked up by key alone; zoneinfo itself refuses keys that lead out of its directories.
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _clock(text: str) -> datetime | None:
    """A time on a clock on the wall; None where it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_plain = at.tzinfo is None and not at.second and not at.microsecond
    return at if is_plain and at.year in _YEARS else None
