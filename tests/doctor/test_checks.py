"""Each check, passed and not, on a server's parts."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from stella.advisory import demo_snapshot
from stella.advisory.checks import snapshot_is_fresh
from stella.advisory.observation import Observations, sync_feed
from stella.api.services import Services
from stella.app.doctoring.data import there_is_room
from stella.app.doctoring.services import bytes_are_kept, handlers_go_on, registries_answer
from stella.blob import Blobs
from stella.doctor import Area, Check, Finding, Mended, examine, mend
from stella.doctor.errors import NoSafeFix, UnknownCheck
from stella.hub.checks import integrations_answer, nothing_waits_offline, precedence_is_known
from stella.hub.model import Health, Integration
from stella.hub.store import put_integration
from stella.kernel import Outcome, Remedy, Seen, time_text
from stella.plugin.contract.core import Kind
from stella.plugin.refusals import RegistryUnreachable
from stella.record import Database
from stella.record.checks import facts_are_handled, facts_are_sealed
from stella.record.tables import fact, fact_pending, fact_unsealed
from stella.sdk.testing import SimulatedFeed


def found(services: Services, *areas: str) -> dict[str, Finding]:
    return {one.check: one for one in examine(services.checks(), areas)}


def bad(services: Services) -> set[str]:
    return {one.check for one in examine(services.checks()) if one.outcome is not Outcome.PASS}


def only(seen: Iterable[Seen]) -> Seen:
    (one,) = seen
    return one


def test_a_server_that_was_never_started_is_well_but_for_that(services: Services):
    findings = examine(services.checks())
    ill = {one.check for one in findings if one.outcome is not Outcome.PASS}
    assert ill == {"network.ports", "advisories.fresh"}
    assert all(bool(one.fix) is (one.outcome is not Outcome.PASS) for one in findings)
    assert all(one.why.endswith(".") and one.how.endswith(".") for one in findings)


def test_each_check_has_a_name_of_its_own_in_its_area(services: Services):
    names = [one.id for one in services.checks()]
    assert len(names) == len(set(names))
    assert {one.area for one in services.checks()} == set(Area)


def test_an_area_alone_is_examined_and_another_is_refused(services: Services):
    assert {one.area for one in found(services, "keys").values()} == {Area.KEYS}
    with pytest.raises(UnknownCheck, match="there is no area 'kyes'"):
        examine(services.checks(), ["kyes"])


def test_a_key_that_others_may_read_is_named_and_mended(services: Services):
    key = services.data / "keys" / "evidence.key"
    key.chmod(0o644)
    named = found(services, "keys")["keys.private"]
    assert (named.outcome, named.fix) == (
        Outcome.BLOCKED,
        "stella doctor --fix keys.private",
    )
    assert named.can_fix
    match = found(services, "keys")["keys.match"]
    assert match.outcome is Outcome.UNKNOWN, "one fault is told as one"
    made = mend(services.database, services.checks(), ["keys.private"], actor="usr_1")
    assert [(one.about, one.before, one.after) for one in made] == [
        ("keys/evidence.key", "0644", "0600")
    ]
    assert found(services, "keys")["keys.private"].outcome is Outcome.PASS
    assert mend(services.database, services.checks(), [], actor="usr_1") == (), "done once is done"
    with services.database.read() as tx:
        row = tx.connection.execute(text("SELECT kind, subject, actor FROM fact")).one()
    assert tuple(row) == ("FaultMended", "keys.private", "usr_1")


def test_a_key_that_was_exchanged_is_named(services: Services):
    keys = services.data / "keys"
    (keys / "evidence.key").write_bytes((keys / "orders.key").read_bytes())
    named = found(services, "keys")["keys.match"]
    assert (named.outcome, "evidence.key is not the key" in named.detail) == (Outcome.BLOCKED, True)
    assert f"tar -xf BACKUP -C {services.data} keys/evidence.key" in named.fix


def test_what_a_killed_server_left_is_removed_once_it_is_old(services: Services):
    folder = services.data / "blobs" / "sha256" / "ab"
    folder.mkdir(parents=True)
    old, new = folder / ".new-old", folder / ".new-new"
    for one, age_s in ((old, 7200), (new, 10)):
        one.write_bytes(b"half")
        at = one.stat().st_mtime - age_s
        os.utime(one, (at, at))
    assert found(services, "disk")["disk.leftovers"].outcome is Outcome.BLOCKED
    mend(services.database, services.checks(), [], actor="usr_1")
    assert (old.exists(), new.exists()) == (False, True)
    assert found(services, "disk")["disk.leftovers"].outcome is Outcome.PASS


def test_what_no_program_may_mend_is_refused(services: Services):
    with pytest.raises(NoSafeFix, match=r"keys\.match is not for a program to mend"):
        mend(services.database, services.checks(), ["keys.match"], actor="usr_1")
    with pytest.raises(UnknownCheck, match=r"there is no check 'keys\.privat'"):
        mend(services.database, services.checks(), ["keys.privat"], actor="usr_1")


def test_a_changed_chain_is_found(services: Services):
    with services.database.transaction(actor="system") as tx:
        tx.connection.execute(
            text("INSERT INTO chain (tenant, position, hash) VALUES ('default', 7, 'sha256:0')")
        )
    assert found(services, "records")["records.chain"].outcome is Outcome.BLOCKED


def test_registries_are_called(services: Services):
    def unreachable(host: str) -> object:
        raise RegistryUnreachable(f"{host} does not answer", remedy=Remedy("Start it."))

    asked = replace(services, registries=("a.test",), open_registry=unreachable)
    seen = only(registries_answer(asked))
    assert (seen.about, seen.outcome, seen.fix) == ("a.test", Outcome.BLOCKED, "Start it.")


def test_handlers_that_gave_up_are_found(services: Services):
    asked = replace(services, failed_runs=lambda: ("fct_1",))
    assert only(handlers_go_on(asked, is_running=True)).outcome is Outcome.BLOCKED
    assert only(handlers_go_on(services, is_running=True)).outcome is Outcome.PASS


def test_snapshots_are_found_stale_or_missing(services: Services, tmp_path: Path):
    now = services.database.now()
    assert only(snapshot_is_fresh(tmp_path, now)).outcome is Outcome.BLOCKED
    snapshot, seen = demo_snapshot(tmp_path).path, {}
    for age_days in (0, 30):
        at = now.timestamp() - age_days * 86400
        os.utime(snapshot, (at, at))
        seen[age_days] = only(snapshot_is_fresh(snapshot, now)).outcome
    assert seen == {0: Outcome.PASS, 30: Outcome.BLOCKED}
    assert only(snapshot_is_fresh(None, now)).outcome is Outcome.UNKNOWN
    (tmp_path / "b.advisories.sqlite").write_bytes(b"")
    two = only(snapshot_is_fresh(tmp_path, now))
    assert (two.outcome, two.fix) == (Outcome.BLOCKED, f"rm {snapshot}")
    assert only(snapshot_is_fresh(tmp_path / "b.advisories.sqlite", now)).outcome is Outcome.BLOCKED


@pytest.mark.parametrize("age_days", [0, 30])
def test_a_new_snapshot_of_old_feeds_is_found(services: Services, tmp_path: Path, age_days: int):
    now = services.database.now()
    feed = SimulatedFeed({"kev.json": b'{"catalogVersion": "1", "vulnerabilities": []}'})
    record = b'{"id": "X-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}}]}'
    with Observations(tmp_path / "store") as store:
        sync_feed(store, "own", SimulatedFeed({"x.json": record}), now=time_text(now))
        sync_feed(store, "kev", feed, now=time_text(now - timedelta(days=age_days)))
        made = store.freeze(tmp_path)
    os.utime(made.path, (now.timestamp(), now.timestamp()))
    seen = only(snapshot_is_fresh(tmp_path, now))
    if age_days:
        assert (seen.outcome, "kev of " in seen.detail) == (Outcome.BLOCKED, True)
        assert seen.fix.startswith("stella advisory sync kev --store ")
    else:
        assert seen.outcome is Outcome.PASS


def test_too_little_room_is_found(services: Services):
    assert only(there_is_room(services.data, 10**18)).outcome is Outcome.BLOCKED
    assert only(there_is_room(services.data, 0)).outcome is Outcome.PASS


def waiting_fact(database: Database, age: timedelta) -> None:
    with database.transaction(actor="system") as tx:
        tx.connection.execute(
            fact.insert().values(
                id="fct_1",
                tenant="default",
                kind="Something",
                subject="x",
                actor="system",
                at=time_text(tx.now - age),
                data="{}",
            )
        )
        tx.connection.execute(fact_unsealed.insert().values(fact="fct_1"))
        tx.connection.execute(fact_pending.insert().values(fact="fct_1", kind="Something"))


@pytest.mark.parametrize("is_late", [False, True])
def test_facts_that_nobody_seals_or_handles_are_found(services: Services, is_late: bool):
    waiting_fact(services.database, timedelta(minutes=6 if is_late else 0))
    outcome = Outcome.BLOCKED if is_late else Outcome.PASS
    assert only(facts_are_sealed(services.database)).outcome is outcome
    assert only(facts_are_handled(services.database)).outcome is outcome


def registry(services: Services, **changes: object) -> Integration:
    value = Integration("main", Kind.REGISTRY, "oci", "A.example", **changes)  # type: ignore[arg-type]
    with services.database.transaction(actor="system") as tx:
        put_integration(tx, value)
    return value


def test_an_integration_that_stands_before_the_settings_says_so(services: Services):
    registry(services)
    seen = only(precedence_is_known(services.database, ["a.example"]))
    assert (seen.about, seen.outcome) == ("main", Outcome.UNKNOWN)
    assert "stella integration delete main" in seen.fix
    assert only(precedence_is_known(services.database, ["b.example"])).outcome is Outcome.PASS


def test_integrations_that_are_on_at_an_offline_server_are_named(services: Services):
    registry(services)
    assert (
        only(nothing_waits_offline(services.database, is_offline=True)).outcome is Outcome.BLOCKED
    )
    registry(services, enabled=False)
    assert only(nothing_waits_offline(services.database, is_offline=True)).outcome is Outcome.PASS


def test_an_integration_that_is_ill_names_how_to_look(services: Services):
    seen = only(integrations_answer([Health("main", "", Outcome.BLOCKED, "no answer", 3)]))
    assert seen.fix == "stella integration test main"


def test_one_check_that_breaks_or_refuses_leaves_the_others(tmp_path: Path, services: Services):
    (tmp_path / "file").write_text("")
    hurt = replace(services, blobs=Blobs(tmp_path / "file"))

    def broken() -> list[Seen]:
        raise ZeroDivisionError("of a secret")

    def check(name: str, look: Callable[[], list[Seen]]) -> Check:
        return Check(name, Area.DISK, name, "w.", "h.", look)

    checks = [
        check("a", lambda: bytes_are_kept(hurt)),
        check("b", broken),
        check("c", lambda: [Seen(Outcome.PASS, "well")]),
    ]
    findings = examine(checks)
    assert [one.outcome for one in findings] == [Outcome.BLOCKED, Outcome.UNKNOWN, Outcome.PASS]
    assert findings[1].detail == "this check broke: ZeroDivisionError"


def test_what_was_mended_before_a_fix_broke_is_a_fact(services: Services):
    def breaking():
        yield Mended("first", "bad", "good")
        raise OSError("no more")

    check = Check("x.y", Area.DISK, "x", "w.", "h.", list, breaking)
    with pytest.raises(OSError, match="no more"):
        mend(services.database, [check], ["x.y"], actor="usr_1")
    with services.database.read() as tx:
        assert tx.connection.execute(text("SELECT subject FROM fact")).scalars().all() == ["x.y"]
