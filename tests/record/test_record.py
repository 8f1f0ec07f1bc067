from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, String, Table, select
from sqlalchemy.exc import IntegrityError

from fixtures.databases import Clock, OpenDatabase
from stella.kernel import Fact
from stella.record import (
    Database,
    DatabaseUnusable,
    UnknownDatabase,
    fact_by_id,
    facts_about,
    facts_after,
    head_position,
    metadata,
    pending_facts,
    seal,
    take_lease,
    verify_chain,
)

STRAY = (
    "INSERT INTO fact (id, tenant, kind, subject, actor, at, data)"
    " VALUES ('fct_x', 'default', 'Counted', 'a', 'usr_1', '2030', '{}')"
)
counter = Table(
    "test_counter", metadata, Column("name", String(20), primary_key=True), Column("n", Integer)
)


@dataclass(frozen=True, slots=True)
class Counted(Fact):
    n: int


def put(database: Database, *numbers: int, subject: str = "a", cause: str | None = None) -> None:
    with database.transaction(actor="usr_1", cause=cause) as tx:
        tx.add(*(Counted(subject, n) for n in numbers))


def test_a_fact_is_stored_with_who_when_and_why(database: Database) -> None:
    put(database, 7, cause="fct_cause")
    with database.read() as tx:
        (fact,) = facts_about(tx, ["a"])
        assert fact_by_id(tx, fact.id) == fact
    assert (fact.kind, fact.actor, fact.cause, fact.data) == (
        "Counted",
        "usr_1",
        "fct_cause",
        {"n": 7},
    )
    assert fact.at.startswith("2030-01-01T00:00:00.0")
    assert fact.position is None


def test_a_failed_use_case_leaves_neither_value_nor_fact(database: Database) -> None:
    def failing() -> None:
        with database.transaction(actor="usr_1") as tx:
            tx.connection.execute(counter.insert().values(name="x", n=1))
            tx.add(Counted("a", 1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    with database.read() as tx:
        assert facts_about(tx, ["a"]) == ()
        assert tx.rows(select(counter)) == []


def test_the_same_cause_leaves_the_same_fact_once(database: Database) -> None:
    put(database, 1, cause="fct_1")
    with database.transaction(actor="system", cause="fct_1") as tx:
        assert tx.has_caused("Counted", "a")
        assert not tx.has_caused("Counted", "b")
    with pytest.raises(IntegrityError):
        put(database, 2, cause="fct_1")


def test_what_people_ask_for_has_no_cause_and_may_repeat(database: Database) -> None:
    put(database, 1)
    put(database, 1)
    with database.read() as tx:
        assert len(facts_about(tx, ["a"])) == 2


def test_read_decide_write_loses_no_update(database: Database) -> None:
    with database.transaction(actor="system") as tx:
        tx.connection.execute(counter.insert().values(name="x", n=0))

    def add_one(_: int) -> None:
        with database.transaction(actor="system") as tx:
            row = tx.row(select(counter).where(counter.c.name == "x").with_for_update())
            assert row is not None
            tx.connection.execute(
                counter.update().where(counter.c.name == "x").values(n=row["n"] + 1)
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(80)))
    with database.read() as tx:
        assert tx.connection.execute(select(counter.c.n)).scalar_one() == 80


def test_sealing_gives_each_fact_one_place(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: put(database, n, subject=f"s{n}"), range(40)))
        list(pool.map(lambda holder: seal(database, holder), ["one", "one"]))
    with database.read() as tx:
        facts = facts_after(tx, 0, limit=100)
        assert [fact.position for fact in facts] == list(range(1, 41))
        assert head_position(tx) == 40
        assert [fact.position for fact in facts_after(tx, 38)] == [39, 40]
        report = verify_chain(tx)
    assert report.good
    assert report.length == 40
    assert seal(database, "one") == ()


def test_tenants_have_chains_of_their_own(database: Database) -> None:
    for tenant in ("default", "other"):
        with database.transaction(actor="system", tenant=tenant) as tx:
            tx.add(Counted("a", 1))
    heads = {head.tenant: head.position for head in seal(database, "one")}
    assert heads == {"default": 1, "other": 1}
    with database.read("other") as tx:
        assert len(facts_after(tx, 0)) == 1
        assert verify_chain(tx).good


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        ("UPDATE fact SET data = '{\"n\":99}' WHERE position = 2", 2),
        ("UPDATE fact SET at = '2031-01-01T00:00:00.000000Z' WHERE position = 1", 1),
        ("DELETE FROM fact WHERE position = 2", 2),
        ("DELETE FROM fact WHERE position = 3", 3),
        ("UPDATE fact SET position = NULL WHERE position = 3", 3),
        (STRAY, 4),
    ],
)
def test_a_changed_missing_or_inserted_fact_is_found(
    database: Database, damage: str, place: int
) -> None:
    put(database, 1, 2, 3)
    seal(database, "one")
    with database.transaction(actor="system") as tx:
        tx.connection.exec_driver_sql(damage)
    with database.read() as tx:
        report = verify_chain(tx)
    assert not report.good
    assert report.place == place
    assert report.detail


def test_only_handled_kinds_wait_for_a_handler(open_database: OpenDatabase) -> None:
    database = open_database(frozenset({"Counted"}))
    put(database, 1)
    with database.read() as tx:
        ((fact, kind),) = pending_facts(tx)
        assert (facts_about(tx, ["a"])[0].id, kind) == (fact, "Counted")


def test_a_lease_has_one_holder_and_a_growing_fence(database: Database, clock: Clock) -> None:
    def take(holder: str) -> int | None:
        with database.transaction(actor="system") as tx:
            return take_lease(tx, "sealer", holder, 30)

    assert take("one") == 1
    assert take("one") == 1
    assert take("two") is None
    clock.go_on(seconds=31)
    assert take("two") == 2
    assert take("one") is None


def test_the_bell_rings_after_a_commit_with_facts(database: Database) -> None:
    heard: list[int] = []
    end = database.bell.listen(lambda: heard.append(1))
    put(database, 1)
    with database.transaction(actor="system"):
        pass
    assert heard == [1]
    end()
    put(database, 2)
    assert heard == [1]


def test_a_database_that_cannot_be_used_is_one_refusal(clock: Clock, tmp_path: Path) -> None:
    options = {"now": clock, "new_id": str}
    with pytest.raises(UnknownDatabase):
        Database.open("mysql://root@localhost/x", **options)
    with pytest.raises(UnknownDatabase):
        Database.open("no url at all", **options)
    database = Database.open(f"sqlite:///{tmp_path}/no/such/folder.db", **options)
    with pytest.raises(DatabaseUnusable), database.read():
        pass
