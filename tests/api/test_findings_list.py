"""The findings of all images in one list: which of them, in what order, in parts."""

from dataclasses import replace
from typing import Any

import pytest

from api.test_vex import issuer, scanned, statement
from fixtures.control import Control
from fixtures.road import OLD
from stella.api.views.base import write_cursor
from stella.app.heard import rematch_stale
from stella.finding import Reach, parse_findings
from stella.finding.index import index_names
from stella.finding.listing import SEVERITIES, scan_finding, urgency_of
from stella.finding.store import NOT_LISTED, scan, scan_by_id
from stella.kernel import Digest


@pytest.fixture
def world(control: Control) -> Control:
    """One release runs in dev; the image of another was scanned and runs nowhere."""
    control.environment("dev", approvals=[], parameters={"severityMax": "critical"})
    control.deployed(control.sealed("1.0.0", OLD)["id"], "dev")
    control.sealed("2.0.0", {"requests": "2.19.0"})
    return control


def listed(control: Control, **query: Any) -> list[Any]:
    found, cursor = [], None
    while True:
        page = control.get("/findings", **query, **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


def key(one: Any) -> tuple[str, str, str]:
    return one["scan"], one["vulnerability"], one["purl"]


RANK = ["critical", "high", "medium", "unknown", "low", "none"]


def test_what_presses_most_comes_first_and_the_parts_make_the_whole(world: Control) -> None:
    whole = listed(world, limit=500)
    assert len({one["scan"] for one in whole}) > 1
    assert len({key(one) for one in whole}) == len(whole)
    urgency = [
        (not one["exploited"], not one["fixed"], RANK.index(one["severity"])) for one in whole
    ]
    assert urgency == sorted(urgency)
    for limit in (1, 3):
        assert listed(world, limit=limit) == whole
    each = [
        (of["id"], one["id"], one["purl"])
        for of in world.get("/scans")["items"]
        for one in world.get(f"/scans/{of['id']}/findings", limit=500)["items"]
    ]
    assert sorted(each) == sorted(map(key, whole))


def test_what_is_known_to_be_exploited_comes_before_all_else(world: Control) -> None:
    (last, *_) = reversed(listed(world, limit=500))
    with world.database.transaction(actor="test") as tx:
        of = scan_by_id(tx, last["scan"])
        assert of is not None
        assert of.told is not None
        known = parse_findings(world.services.blobs.get(Digest(of.told)))
        findings = tuple(
            replace(one, kev=(one.id, one.purl) == (last["vulnerability"], last["purl"]))
            for one in known.findings
        )
        index_names(tx, of.id, replace(known, findings=findings))
    assert listed(world)[0] == {**last, "exploited": True}
    assert listed(world, exploited=True) == [{**last, "exploited": True}]


def test_the_order_is_exploited_then_reachable_then_fixable_then_severe() -> None:
    ways = [
        (exploited, reach, fixed, severity)
        for exploited in (True, False)
        for reach in (Reach.REACHABLE, Reach.UNKNOWN)
        for fixed in ("1.0", "")
        for severity in SEVERITIES
    ]
    ways += [
        (exploited, Reach.UNREACHABLE, fixed, severity)
        for exploited in (True, False)
        for fixed in ("1.0", "")
        for severity in SEVERITIES
    ]
    urgency = [
        urgency_of(exploited=one, fixed=fixed, severity=word, reach=reach)
        for one, reach, fixed, word in ways
    ]
    assert urgency == sorted(set(urgency))
    worst = urgency_of(exploited=True, fixed="1", severity="strange", reach=Reach.REACHABLE)
    assert worst == SEVERITIES.index("unknown")


def test_each_filter_gives_those_it_names_and_all_of_them(world: Control) -> None:
    whole = listed(world, limit=500)
    some = whole[0]
    asked: list[tuple[dict[str, Any], Any]] = [
        ({"severity": "high,critical"}, lambda one: one["severity"] in {"high", "critical"}),
        ({"fixable": True}, lambda one: one["fixed"] != ""),
        ({"fixable": False}, lambda one: one["fixed"] == ""),
        ({"exploited": True}, lambda one: one["exploited"]),
        ({"exploited": False}, lambda one: not one["exploited"]),
        ({"reach": "unknown"}, lambda _: True),
        ({"reach": "reachable"}, lambda _: False),
        ({"vex": "none"}, lambda one: one["vex"] == "none"),
        (
            {"component": some["component"].upper()},
            lambda one: one["component"] == some["component"],
        ),
        ({"image": some["platformDigest"]}, lambda one: one["scan"] == some["scan"]),
        ({"image": "shop/web"}, lambda one: "shop/web" in one["reference"]),
        ({"image": "%"}, lambda _: False),
        (
            {"q": some["vulnerability"].lower()},
            lambda one: some["vulnerability"] in one["vulnerability"],
        ),
        ({"q": "_"}, lambda one: "_" in one["vulnerability"] + one["purl"] + one["component"]),
    ]
    for query, fits in asked:
        expected = [one for one in whole if fits(one)]
        assert listed(world, limit=2, **query) == expected, query
    both = listed(world, fixable=True, severity=some["severity"], component=some["component"])
    assert some in both
    assert len(both) < len(whole)


def test_a_finding_is_found_by_another_name_of_it(world: Control) -> None:
    whole = listed(world, limit=500)
    of = whole[0]["scan"]
    known = world.get(f"/scans/{of}/findings", limit=500)["items"]
    named = next(one for one in known if one["aliases"])
    found = listed(world, q=named["aliases"][0].lower())
    assert (of, named["id"], named["purl"]) in map(key, found)


def test_what_runs_in_an_environment_is_told_from_what_does_not(world: Control) -> None:
    whole = listed(world, limit=500)
    there = listed(world, environment="dev")
    assert 0 < len(there) < len(whole)
    running = {
        of["id"]
        for of in world.get("/scans")["items"]
        if any(one["scan"] == of["id"] for one in there)
    }
    assert {one["scan"] for one in there} == running
    world.environment("stage", after="dev")
    assert listed(world, environment="stage") == []
    assert world.refused("GET", "/findings?environment=nowhere") == "ST-ENV-001"


def test_what_vex_settles_is_told_and_can_be_left_out(control: Control) -> None:
    known, (first, *_) = scanned(control)
    before = listed(control)
    control.post("/vex/statements", statement(first, known), by="ann")
    settled = [one for one in listed(control) if not one["counts"]]
    assert [(one["vulnerability"], one["vex"]) for one in settled] == [
        (first["id"], "not_affected")
    ]
    assert listed(control, vex="not_affected,fixed") == settled
    assert listed(control, counts=False) == settled
    assert len(listed(control, counts=True)) == len(before) - 1
    issuer(control, "other", weight="known")
    assert len(listed(control)) == len(before)


def test_a_scan_anew_lists_nothing_twice(control: Control) -> None:
    known, _ = scanned(control)
    before = listed(control)
    control.post("/scans", {"reference": known["reference"]})
    after = listed(control)
    assert [(one["vulnerability"], one["purl"]) for one in after] == [
        (one["vulnerability"], one["purl"]) for one in before
    ]
    assert {one["scan"] for one in after}.isdisjoint({one["scan"] for one in before})


def test_what_was_found_before_there_was_a_list_comes_into_it(control: Control) -> None:
    scanned(control)
    before = listed(control)
    with control.database.transaction(actor="test") as tx:
        tx.connection.execute(scan_finding.delete())
        tx.connection.execute(scan.update().values(as_of=NOT_LISTED))  # as the migration leaves it
    assert listed(control) == []
    found = control.get("/findings")
    assert found["unmatched"] == 1, "an empty list is not said to be a clean one"
    said = control.get("/answers", question="CVE-2023-43804")["missing"]
    assert any("not matched yet" in one for one in said)
    assert rematch_stale(control.services) == 0
    assert listed(control) == before
    assert control.get("/findings")["unmatched"] == 0


def test_one_scan_is_filtered_alike(control: Control) -> None:
    known, _ = scanned(control)
    place = f"/scans/{known['id']}/findings"
    whole = control.get(place, limit=500)["items"]
    assert [one["id"] for one in whole] == [
        one["id"] for one in sorted(whole, key=lambda one: (not one["kev"], not one["fixed"]))
    ]
    fixable = control.get(place, fixable=True)["items"]
    assert fixable == [one for one in whole if one["fixed"]]
    assert control.get(place, vex="not_affected")["items"] == []
    assert control.get(place, vex="none", reach="unknown", limit=500)["items"] == whole


@pytest.mark.parametrize(
    "query",
    [
        "severity=grave",
        "vex=fine",
        "reach=maybe",
        "cursor=%00",
        "fixable=perhaps",
        f"cursor={write_cursor('scn_A')}",
        f"cursor={write_cursor('1_41_scn_A_12345678')}",
        f"cursor={write_cursor('1_00_scn_A_1')}",
        f"cursor={write_cursor('1_ff_scn_A_1')}",
    ],
)
def test_a_filter_that_is_none_is_refused(standing: Control, query: str) -> None:
    assert standing.refused("GET", f"/findings?{query}").startswith("ST-API-")


def test_without_scans_the_list_is_empty(standing: Control) -> None:
    assert listed(standing) == []
