"""Whoever writes a row into the database gets a promotion through, and no packet that verifies."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fixtures.road import FIXED, OLD, Road
from promotion.test_automatic import NEWEST, in_dev, into, two
from promotion.test_break_glass import BOTH, agree, ask
from promotion.test_freezes import freeze
from promotion.test_rights_since import STRICT, newcomer, waived
from promotion.test_rules import change_roles, packet_of, proves, rule
from promotion.test_variables import revised_by_ann
from stella.environment.store import environment as environment_table
from stella.evidence import verify_packet
from stella.identity import Role
from stella.kernel import time_text
from stella.promotion.approval.absence import Absence
from stella.promotion.approval.absence import absence as absence_table
from stella.promotion.exceptions.break_glass_store import break_glass as break_glass_table
from stella.promotion.exceptions.override import freeze_override
from stella.promotion.exceptions.waive import end_waiver
from stella.promotion.exceptions.waiver_store import (
    Waiver,
    find_waiver,
    insert_waiver,
    update_waiver,
)
from stella.promotion.lifecycle import State, WaiverState
from stella.promotion.store import Promotion
from stella.promotion.store import promotion as promotion_table
from stella.record.row import columns_of
from stella.release.store import release_revision


def refused(road: Road, done: Promotion) -> str:
    """Why its packet does not hold; every other check does."""
    assert done.state is State.DEPLOYED, "the row got it through"
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    (bad,) = [one for one in found.checks if not one.good]
    assert bad.name == "relied on"
    assert bad.place
    return bad.detail


def forged_waiver(road: Road) -> Waiver:
    dan, ann, now = road.people["dan"], road.people["ann"], time_text(road.clock())
    return Waiver(
        id="wvr_00000000000000000000000000",
        environment="dev",
        rule="severity",
        finding=None,
        component="web",
        unknown=True,
        reason="trust me",
        expires_at=time_text(road.clock() + timedelta(days=1)),
        state=WaiverState.STANDING,
        requested_by=dan,
        requested_at=now,
        approved_by=ann,
        approved_at=now,
    )


def test_a_waiver_that_nobody_asked_for(road: Road) -> None:
    road.environment("dev", parameters=STRICT)
    with road.database.transaction(actor="x") as tx:
        insert_waiver(tx, forged_waiver(road))
    done = road.deploy(road.promote(road.release("1.0.0", OLD), "dev"))
    assert "who asked for the waiver" in refused(road, done)


@pytest.mark.parametrize(
    "lasts_longer", [True, False], ids=["it lasts longer", "it was taken back"]
)
def test_a_waiver_that_is_not_what_was_agreed_to(road: Road, lasts_longer: bool) -> None:
    road.environment("dev", parameters=STRICT)
    waiver = waived(road)
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        found = find_waiver(tx, waiver, lock=True)
        if lasts_longer:
            forged = replace(found, expires_at=time_text(road.clock() + timedelta(days=900)))
        else:
            end_waiver(tx, waiver, "a way in was found")
            forged = found
        update_waiver(tx, forged)
    done = road.deploy(road.promote(road.release("1.0.0", OLD), "dev"))
    assert ("expires_at" if lasts_longer else "was over") in refused(road, done)


def test_an_override_that_nobody_gave(road: Road) -> None:
    newcomer(road, "oscar", Role.OPERATOR)
    road.environment("dev")
    freeze(road)
    release = road.release("2.0.0", FIXED)
    row = {
        "id": "fov_00000000000000000000000000",
        "freeze": "nights",
        "environment": "dev",
        "release": release.id,
        "by": json.dumps(
            {"id": road.people["oscar"].id, "name": "oscar", "roles": ["operator"]},
            sort_keys=True,
        ),
        "at": time_text(road.clock()),
        "ends_at": "2030-01-01T05:00:00.000000Z",
        "reason": "trust me",
    }
    with road.database.transaction(actor="x") as tx:
        tx.connection.execute(freeze_override.insert().values(tenant=tx.tenant, **row))
    done = road.deploy(road.promote(release, "dev"))
    assert "who let the release through nights" in refused(road, done)


def test_an_absence_that_nobody_began(road: Road) -> None:
    road.environment("dev", approvals=[rule("security", "ann")])
    asked = road.promote(road.release("2.0.0", FIXED), "dev")
    ann, bob = road.people["ann"], road.people["bob"]
    ends_at = time_text(road.clock() + timedelta(days=3))
    row = Absence("abs_0", ann.id, bob.id, time_text(road.clock()), ends_at, "")
    with road.database.transaction(actor="x") as tx:
        tx.connection.execute(absence_table.insert().values(tenant=tx.tenant, **columns_of(row)))
    done = road.deploy(road.approve(asked, "bob"))
    assert "could speak for" in refused(road, done)


def test_a_request_in_the_name_of_another(road: Road) -> None:
    """Who asked may not approve: the row says that somebody else did."""
    road.environment("dev", approvals=[rule("security", "ann")])
    asked = road.promote(road.release("2.0.0", FIXED), "dev", by="ann")
    dan = json.dumps({"id": road.people["dan"].id, "name": "dan", "roles": ["developer"]})
    with road.database.transaction(actor="x") as tx:
        tx.connection.execute(promotion_table.update().values(requested_by=dan))
    done = road.deploy(road.approve(road.promotion(asked.id), "ann"))
    assert "by whom it was" in refused(road, done)


def test_a_revision_in_the_name_of_another(road: Road) -> None:
    """Who revised the release may not approve: the row says that somebody else did."""
    release = revised_by_ann(road)
    asked = road.promote(release, "dev")
    with road.database.transaction(actor="x") as tx:
        tx.connection.execute(release_revision.update().values(by=road.people["bob"].id))
    done = road.deploy(road.approve(asked, "ann"))
    assert "who revised it" in refused(road, done)


def test_an_automatic_promotion_that_somebody_is_said_to_have_asked_for(road: Road) -> None:
    """Who made the release may not approve where nobody asked: the row says that somebody did."""
    change_roles(road, "dan", Role.DEVELOPER, Role.APPROVER)
    two(road, **NEWEST, approvals=[rule("security", "dan")])
    in_dev(road, "2.0.0")
    (wanted,) = into(road)
    with road.database.transaction(actor="x") as tx:
        mine = promotion_table.c.id == wanted.id
        tx.connection.execute(promotion_table.update().where(mine).values(follows=None))
    done = road.deploy(road.approve(wanted, "dan"))
    assert "its follows" in refused(road, done)


def test_approval_rules_that_somebody_struck_out(road: Road) -> None:
    road.environment("dev", approvals=[rule("security", "ann")])
    with road.database.transaction(actor="x") as tx:
        row = tx.row(environment_table.select())
        assert row is not None
        spec = {**json.loads(row["spec"]), "approvals": []}
        tx.connection.execute(environment_table.update().values(spec=json.dumps(spec)))
    done = road.deploy(road.promote(road.release("2.0.0", FIXED), "dev"))
    assert "what was applied" in refused(road, done)


@pytest.mark.parametrize("gates", [None, '["approvals", "freeze"]'], ids=["all of them", "others"])
def test_a_broken_glass_for_gates_that_nobody_saw(road: Road, gates: str | None) -> None:
    road.environment("dev", breakGlass=BOTH, approvals=[rule("security", "bob")])
    first = road.approve(road.promote(road.release("1.0.0"), "dev"), "bob")
    second = road.promote(road.release("2.0.0", FIXED), "dev")
    ask(road, second)
    assert agree(road, second).state is State.QUEUED
    freeze(road)
    with road.database.transaction(actor="x") as tx:
        tx.connection.execute(break_glass_table.update().values(gates=gates))
    road.deploy(first)
    assert "its gates" in refused(road, road.deploy(road.promotion(second.id)))


def test_what_is_applied_after_the_decision_is_no_matter_of_it(road: Road) -> None:
    road.environment("dev")
    going = road.promote(road.release("2.0.0", FIXED), "dev")
    road.environment("dev", approvals=[rule("security", "ann")])
    proves(road, road.deploy(going))
