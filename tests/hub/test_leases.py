"""Leases as they are noted: by whom they are used, what is left behind, and never what they hold."""

from datetime import timedelta

from fixtures.databases import Clock, OpenDatabase
from stella.hub.leases import Lease, any_lease, delete_lease, put_lease, still_used, take_over
from stella.kernel import time_text
from stella.record import Database

PLACE = "vault://main/database/creds/shop"
LONG = timedelta(minutes=5)


def note(database: Database, lease: str, holder: str, *, hours: float | None = 1) -> None:
    with database.transaction(actor="system") as tx:
        ends = None if hours is None else time_text(tx.now + timedelta(hours=hours))
        put_lease(tx, Lease("main", lease, PLACE, holder, time_text(tx.now), ends))


def taken(database: Database, holder: str) -> list[str]:
    with database.transaction(actor="system") as tx:
        still_used(tx, holder)
        return sorted(one.lease for one in take_over(tx, holder, tx.now - LONG))


def test_what_a_dead_server_left_is_taken_over_once(open_database: OpenDatabase, clock: Clock):
    database = open_database()
    note(database, "1", "dead")
    note(database, "x" * 2000, "dead", hours=None)
    note(database, "2", "living")
    assert taken(database, "next") == []
    clock.go_on(minutes=6)
    assert taken(database, "living") == ["1", "x" * 2000]
    assert taken(database, "next") == [], "it is with one who lives"
    clock.go_on(minutes=6)
    assert taken(database, "next") == ["1", "2", "x" * 2000]


def test_one_that_ended_by_itself_is_forgotten(open_database: OpenDatabase, clock: Clock):
    database = open_database()
    note(database, "1", "dead", hours=0.05)
    clock.go_on(minutes=6)
    assert taken(database, "next") == []
    with database.read() as tx:
        assert not any_lease(tx)


def test_one_that_is_noted_again_is_one_and_its_end_ends_it(open_database: OpenDatabase):
    database = open_database()
    note(database, "1", "one")
    note(database, "1", "one", hours=2)
    with database.transaction(actor="system") as tx:
        assert any_lease(tx)
        key = Lease("main", "1", PLACE, "", "", None).key
        delete_lease(tx, key)
        delete_lease(tx, key)
        assert not any_lease(tx)
