"""How old the image is that another one is built on: found by its layers, judged, recorded, replayed."""

import json
from typing import Any

import pytest

from fixtures.road import BASE, FIXED, Road
from image.images import Layer, build, push
from promotion.test_rules import packet_of, proves
from stella.evidence import names, read_packet
from stella.finding.scan import request_scan
from stella.kernel import Digest
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion

AGE = {"baseImageAgeDaysMax": 60}
NOVEMBER = "2029-11-15T12:00:00.123456789Z"
"""47 days before the clock of the test begins."""


def scan_base(road: Road, created: object, tag: str = "1") -> None:
    """An image of the base alone, scanned."""
    reference = push(road.registry, build(BASE, created=created, tag=tag), "shop/base", tag)
    with road.database.transaction(actor="usr_op") as tx:
        request_scan(tx, str(reference), "request")
    road.settle()


def asked(road: Road, version: str = "2.0.0", **parameters: Any) -> Promotion:
    lenient = {"severityMax": "critical", "unmatched": "pass", "severityUnknown": "pass"}
    road.environment("dev", parameters={**lenient, **(parameters or AGE)})
    return road.promote(road.release(version, FIXED), "dev")


def said(road: Road, promotion: Promotion) -> list[tuple[str, str, str]]:
    """What the policy says of bases: outcome, message and what mends it."""
    record = json.loads(road.work.blobs.get(Digest(promotion.record or "")))
    (gate,) = [one for one in record["gates"] if one["name"] == "policy"]
    return [
        (one["outcome"], one["message"], one["fix"])
        for one in gate["reasons"]
        if one["rule"] == "base-image-age"
    ]


def test_a_base_that_is_recent_enough_passes_and_is_recorded(road: Road) -> None:
    scan_base(road, NOVEMBER)
    done = road.deploy(asked(road))
    assert done.state is State.DEPLOYED
    proves(road, done)
    given = json.loads(read_packet(packet_of(road, done.id)).entries[names.DECISION_INPUT])
    for component in given["release"]["components"]:
        (scan,) = component["scans"]
        assert scan["base"]["reference"].startswith("registry.test/shop/base")
        assert scan["base"]["created"] == "2029-11-15T12:00:00.123456Z"
        assert scan["base"]["newer"] is None


def test_a_base_that_is_too_old_is_blocked_and_a_newer_one_is_named(road: Road) -> None:
    scan_base(road, "2029-06-01T00:00:00+02:00", "old")
    blocked = asked(road)
    assert blocked.state is State.BLOCKED
    outcome, message, fix = said(road, blocked)[0]
    assert outcome == "blocked"
    assert "shop/base" in message
    assert "was made 214 days ago, at most 60 may be" in message
    assert fix.startswith("rebuild it on a newer one than registry.test/shop/base")
    proves(road, blocked)
    # Of the same repository, made after it: it need not be built of the same layers.
    other = push(
        road.registry,
        build(Layer.of({"etc/version": b"newer"}), created="2029-12-24T00:00:00Z"),
        "shop/base",
        "new",
    )
    with road.database.transaction(actor="usr_op") as tx:
        request_scan(tx, str(other), "request")
    road.settle()
    again = road.promote(road.release("2.0.1", FIXED), "dev")
    _, _, fix = said(road, again)[0]
    assert fix == f"rebuild it on {other}, made on 2029-12-24"


@pytest.mark.parametrize(
    ("created", "why"),
    [
        (None, "nobody knows when it was made"),
        ("", "nobody knows when it was made"),
        ("yesterday", "nobody knows when it was made"),
        (1735689600, "nobody knows when it was made"),
        ("1970-01-01T00:00:00Z", "says it was made on 1970-01-01"),
        ("0001-01-01T00:00:00Z", "says it was made on 0001-01-01"),
        ("2030-06-01T00:00:00Z", "says it was made on 2030-06-01"),
    ],
)
def test_a_base_of_which_nobody_knows_the_age_is_unknown(
    road: Road, created: object, why: str
) -> None:
    scan_base(road, created)
    held = asked(road)
    assert held.state is State.BLOCKED
    outcome, message, _ = said(road, held)[0]
    assert outcome == "unknown"
    assert why in message


def test_a_base_that_was_not_scanned_is_unknown_and_nothing_is_looked_up_unasked(
    road: Road,
) -> None:
    held = asked(road)
    assert held.state is State.BLOCKED
    outcome, message, fix = said(road, held)[0]
    assert (outcome, fix) == ("unknown", "scan what it is built on: stella scan BASE --upload")
    assert "no image that was scanned here is beneath it" in message
    scan_base(road, NOVEMBER)
    unasked = asked(road, "2.0.1", severityMax="critical")
    assert b'"base"' not in road.work.blobs.get(Digest(unasked.input or ""))


def test_a_label_and_an_own_step_make_an_old_base_no_newer(
    road: Road,
) -> None:
    scan_base(road, "2029-06-01T00:00:00Z", "11")
    for repository, layers in (
        ("acme/relabelled", (BASE,)),
        ("shop/web", (BASE, Layer.of({"step": b"made today"}))),
    ):
        image = build(*layers, created=NOVEMBER, label=repository)
        reference = push(road.registry, image, repository, "step")
        with road.database.transaction(actor="usr_op") as tx:
            request_scan(tx, str(reference), "request")
        road.settle()
    blocked = asked(road)
    assert blocked.state is State.BLOCKED
    reasons = said(road, blocked)
    assert len(reasons) == 2, "of both components"
    for outcome, message, _ in reasons:
        assert outcome == "blocked"
        assert "is built on registry.test/shop/base:11, which was made 214 days ago" in message
    proves(road, blocked)
