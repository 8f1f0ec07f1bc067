"""Since when a fix is known: from the first time that anything told of it, whatever came after."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from finding.test_rematch import World, osv
from fixtures.control import Control
from fixtures.databases import Clock, OpenDatabase
from stella.app.schema import alembic_config, migrate
from stella.finding.fixes import fixes_since, note_fixes, package_of
from stella.kernel import time_text
from stella.record.database import Database, open_engine

FOO, BAR = ("CVE-1", "pkg:pypi/foo@1"), ("CVE-1", "pkg:pypi/bar@1")


@pytest.mark.parametrize(
    ("purl", "package"),
    [
        ("pkg:pypi/foo@1.0", "pkg:pypi/foo"),
        ("pkg:pypi/foo", "pkg:pypi/foo"),
        ("pkg:npm/%40scope/foo@1.0", "pkg:npm/%40scope/foo"),
        ("pkg:golang/a.test/b/c@v1.0.0#cmd/d", "pkg:golang/a.test/b/c"),
        (
            "pkg:deb/debian/foo@1%3A2-3?arch=amd64&distro=debian-12",
            "pkg:deb/debian/foo?distro=debian-12",
        ),
        ("pkg:deb/debian/foo@1?arch=amd64&upstream=x%401", "pkg:deb/debian/foo"),
    ],
)
def test_a_package_is_the_same_in_every_version_and_another_in_every_release(
    purl: str, package: str
):
    assert package_of(purl) == package


def test_the_first_time_counts_and_what_nobody_told_of_has_none(
    open_database: OpenDatabase, clock: Clock
):
    database = open_database()
    with database.transaction(actor="system") as tx:
        note_fixes(tx, [FOO, FOO])
        first = time_text(tx.now)
    clock.go_on(days=3)
    with database.transaction(actor="system") as tx:
        note_fixes(tx, [("CVE-1", "pkg:pypi/foo@2"), BAR])
        known = fixes_since(tx, [FOO, BAR, ("CVE-2", "pkg:pypi/foo@1")])
        assert known == {FOO: first, BAR: time_text(tx.now)}
    with database.transaction(actor="system", tenant="other") as tx:
        assert fixes_since(tx, [FOO]) == {}
        note_fixes(tx, [FOO])
        assert fixes_since(tx, [FOO]) == {FOO: time_text(tx.now)}


def test_many_are_noted_and_asked_for_at_once(open_database: OpenDatabase):
    named = [(f"CVE-{number}", "pkg:pypi/foo@1") for number in range(1_200)]
    with open_database().transaction(actor="system") as tx:
        note_fixes(tx, named[:700])
        note_fixes(tx, named)
        assert fixes_since(tx, named).keys() == set(named)


def test_a_scan_and_newer_advisories_tell_of_fixes(control: Control, tmp_path: Path):
    world = World(control, tmp_path)
    control.sealed("1.0.0", {"requests": "2.31.0", "urllib3": "1.26.4"})
    scanned = time_text(control.clock())[:10]
    control.clock.go_on(days=5)
    world.know(osv("A-2", "requests", "9.0"))
    matched = time_text(control.clock())[:10]
    control.clock.go_on(days=5)
    world.know(osv("A-2", "requests", "9.1"))
    told = [("A-2", "pkg:pypi/requests@2.31.0"), ("PYSEC-2023-192", "pkg:pypi/urllib3@1.26.4")]
    with control.database.read() as tx:
        known = fixes_since(tx, told)
    assert [known[one][:10] for one in told] == [matched, scanned]


def test_a_fix_may_wait_until_its_days_are_over(control: Control, tmp_path: Path):
    asking = {
        "severityMax": "critical",
        "unmatched": "pass",
        "fixAvailableFrom": "high",
        "fixAvailableDays": 7,
    }
    control.environment("dev", parameters=asking)
    control.environment("strict", parameters=asking | {"fixAvailableDays": "off"})
    release = control.sealed("1.0.0", {"requests": "2.31.0"})
    World(control, tmp_path).know(osv("A-2", "requests", "9.0"))
    wanted = {"release": release["id"], "environment": "dev"}

    def outcome(**other: str) -> str:
        shown = control.post("/promotions/preview", wanted | other)
        return str(shown["decision"]["outcome"])

    assert outcome() == "pass"
    assert outcome(environment="strict") == "blocked"
    control.clock.go_on(days=6)
    assert outcome() == "pass"
    control.clock.go_on(days=1)
    assert outcome() == "blocked"


@pytest.mark.long
def test_of_what_was_known_before_nobody_knows_since_when(empty_database_url: str, clock: Clock):
    engine = open_engine(empty_database_url)
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0027")
        for number, (purl, fixed) in enumerate(((FOO[1], "2"), (FOO[1], "3"), (BAR[1], ""))):
            connection.execute(
                text(
                    "INSERT INTO scan_finding (scan, number, tenant, urgency, vulnerability, names,"
                    " purl, component, version, severity, fixed, exploited, vex, reach, counts,"
                    " summary) VALUES ('scn_1', :number, 'default', 0, 'CVE-1', ' cve-1 ', :purl,"
                    " 'foo', '1', 'low', :fixed, :no, 'none', 'unknown', :no, '')"
                ),
                {"number": number, "purl": purl, "fixed": fixed, "no": False},
            )
    engine.dispose()
    database = Database.open(empty_database_url, now=clock, new_id=lambda prefix: prefix)
    migrate(database.engine)
    with database.transaction(actor="system") as tx:
        assert fixes_since(tx, [FOO, BAR]) == {}
        note_fixes(tx, [FOO, BAR])
        assert fixes_since(tx, [FOO, BAR]).keys() == {BAR}
    database.close()
