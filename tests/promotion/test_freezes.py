"""No start inside a freeze, on any path; through it only by a second person's word."""

from datetime import UTC, datetime

import pytest

from fixtures.road import Road
from promotion.test_rules import change_roles, proves
from stella.environment.errors import MalformedDocument
from stella.environment.freeze_rules import apply_freeze_rule, coming_windows
from stella.environment.ical import CalendarEvent, calendar
from stella.identity import Role
from stella.kernel import Json
from stella.promotion.errors import AlreadyOverridden, NothingToOverride
from stella.promotion.exceptions.override import override_freeze
from stella.promotion.lifecycle import State
from stella.promotion.model import Person
from stella.promotion.store import Promotion
from stella.release.store import find_release

# The road's clock begins on Tuesday, 2030-01-01 at 00:00 UTC, 01:00 in Berlin.
NIGHTS: dict[str, Json] = {
    "from": "2029-12-31T22:00",
    "until": "2030-01-01T06:00",
    "timeZone": "Europe/Berlin",
    "recurrence": "FREQ=DAILY",
    "reason": "nobody is awake",
}


def freeze(road: Road, name: str = "nights", **changes: Json) -> None:
    with road.database.transaction(actor="usr_op") as tx:
        apply_freeze_rule(tx, name, {**NIGHTS, **changes})


def override(road: Road, promotion: Promotion, by: str, name: str = "nights") -> None:
    person = road.people[by]
    with road.database.transaction(actor=person.id) as tx:
        override_freeze(
            tx,
            person,
            freeze=name,
            environment=promotion.environment,
            release=find_release(tx, promotion.release),
            reason="it mends the outage",
        )


def test_nothing_goes_in_by_night_and_everything_by_day(road: Road) -> None:
    road.environment("dev")
    freeze(road)
    release = road.release("2.0.0")
    blocked = road.promote(release, "dev")
    assert blocked.state is State.BLOCKED
    proves(road, blocked)
    road.clock.go_on(hours=5)
    done = road.deploy(road.promote(release, "dev"))
    assert done.state is State.DEPLOYED
    road.clock.go_on(hours=16)
    assert road.promote(road.release("3.0.0"), "dev").state is State.BLOCKED


def test_what_was_approved_before_a_freeze_does_not_start_in_it(road: Road) -> None:
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    road.clock.go_on(hours=8)
    waiting = road.promote(road.release("2.0.0"), "dev")
    assert waiting.state is State.WAITING
    freeze(
        road,
        "stop",
        **{"from": "2030-01-01T05:00", "recurrence": None, "until": "2030-01-02T05:00"},
    )
    assert road.approve(waiting, "ann").state is State.BLOCKED


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"environments": ["dev"]}, State.BLOCKED),
        ({"environments": ["prod"]}, State.DEPLOYING),
        ({"components": ["web"]}, State.BLOCKED),
        ({"components": ["printer"]}, State.DEPLOYING),
        ({"enabled": False}, State.DEPLOYING),
        ({"timeZone": "Asia/Tokyo"}, State.DEPLOYING),
    ],
)
def test_a_rule_holds_up_what_it_names(road: Road, changes: dict[str, Json], state: State) -> None:
    road.environment("dev")
    road.environment("prod", "dev")
    freeze(road, **changes)
    assert road.promote(road.release("2.0.0"), "dev").state is state


def test_it_takes_a_second_person_to_go_through_a_freeze(road: Road) -> None:
    for one in ("ann", "dan"):
        change_roles(road, one, Role.OPERATOR)
    road.environment("dev")
    freeze(road)
    release = road.release("2.0.0")
    blocked = road.promote(release, "dev")
    override(road, blocked, "dan")
    assert road.promote(release, "dev", by="dan").state is State.BLOCKED, "his own word"
    override(road, blocked, "ann")
    done = road.deploy(road.promote(release, "dev", by="dan"))
    assert done.state is State.DEPLOYED
    proves(road, done)
    with pytest.raises(AlreadyOverridden):
        override(road, blocked, "ann")
    override(road, blocked, "bob")
    road.clock.go_on(hours=24)
    assert road.promote(release, "dev", by="dan").state is State.BLOCKED, "another night"
    override(road, blocked, "ann")


def test_an_override_is_for_one_release_and_says_why(road: Road) -> None:
    road.environment("dev")
    freeze(road)
    blocked = road.promote(road.release("2.0.0"), "dev")
    override(road, blocked, "ann")
    assert road.promote(road.release("3.0.0"), "dev").state is State.BLOCKED
    with pytest.raises(NothingToOverride):
        override(road, blocked, "ann", "weekends")
    for reason in (" ", "x" * 1001):
        with road.database.transaction(actor="usr_op") as tx, pytest.raises(NothingToOverride):
            override_freeze(
                tx,
                Person("usr_x", "x"),
                freeze="nights",
                environment="dev",
                release=find_release(tx, blocked.release),
                reason=reason,
            )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"timeZone": "Mars/Olympus"}, "no time zone"),
        ({"timeZone": "../../etc/passwd"}, "no time zone"),
        ({"from": "2029-12-31T22:00Z"}, "local time"),
        ({"from": "yesterday"}, "local time"),
        ({"until": "2029-12-31T22:00"}, "until is after from"),
        ({"recurrence": "FREQ=WEEKLY;BYDAY=FR"}, "not one of its days"),
        ({"recurrence": "FREQ=YEARLY"}, "recurrence"),
        ({"environments": ["moon"]}, "no environment"),
        ({"reason": ""}, "reason"),
        ({"untill": "x"}, "did you mean"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(road: Road, changes: dict[str, Json], why: str) -> None:
    with pytest.raises(MalformedDocument, match=why):
        freeze(road, **changes)


def test_the_calendar_shows_each_window_once(road: Road) -> None:
    road.environment("dev")
    freeze(road)
    freeze(road, "other", environments=["dev"], enabled=False)
    with road.database.read() as tx:
        found, is_cut = coming_windows(tx, tx.now, datetime(2030, 1, 4, tzinfo=UTC), "dev")
        assert not is_cut
    assert [one.starts_at.isoformat() for _, one in found] == [
        "2029-12-31T21:00:00+00:00",
        "2030-01-01T21:00:00+00:00",
        "2030-01-02T21:00:00+00:00",
        "2030-01-03T21:00:00+00:00",
    ]


def test_an_icalendar_escapes_and_folds_what_people_wrote() -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    text = calendar([CalendarEvent("a@b", at, at, "no; never, \x07ever", "ü\n" * 80)], at)
    lines = text.split("\r\n")
    assert r"SUMMARY:no\; never\, ever" in lines
    assert "DTSTART:20300101T000000Z" in lines
    assert max(len(line.encode()) for line in lines) <= 75
    assert "".join(lines).replace(" ", "").count("ü") == 80
