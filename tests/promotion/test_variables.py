"""Variables on the whole road: sealed with a release, proven by its packets, never changed under it."""

import json
from typing import Any

import pytest

from fixtures.road import Road
from promotion.test_rules import change_roles, packet_of, proves
from stella.app.judged_anew import judge_of_revision
from stella.environment.documents import apply_documents
from stella.evidence import names, read_packet
from stella.evidence.verify import verify_packet
from stella.finding.scan import request_scan
from stella.identity import Role
from stella.kernel import Digest, Json
from stella.promotion.errors import NothingToRollBackTo, OwnRequest
from stella.promotion.lifecycle import State
from stella.promotion.request import request_promotion, request_rollback
from stella.promotion.store import Promotion
from stella.release.create import create_release, resolve_components
from stella.release.errors import MalformedVariables, NothingToRevise, UnknownRevision
from stella.release.model import Release
from stella.release.revise import revise_release
from stella.release.store import list_revisions
from stella.release.store import release as releases
from stella.release.variables.sets import apply_variables, variable_set
from stella.replay import Verdict, replay_packet

LENIENT: dict[str, Json] = {"severityMax": "critical"}
CONFIG = {"services": {"web": {"env": {"LEVEL": "${{ vars.LEVEL }}"}}}}
VALUES: list[Json] = [
    {"name": "LEVEL", "value": "info"},
    {"name": "LEVEL", "value": "warn", "when": {"label": ["tier=front"]}},
]


def apply(road: Road, *documents: dict[str, Json]) -> None:
    with road.database.transaction(actor="usr_op") as tx:
        apply_documents(
            tx,
            road.work.blobs,
            [{"apiVersion": "stella/v1", **one} for one in documents],
            brought=road.plugins.brought(),
        )
    road.settle()


def variables(*listed: Json) -> dict[str, Json]:
    return {"kind": "Variables", "name": "shop", "spec": {"variables": list(listed)}}


def place(
    road: Road, name: str = "dev", *, labels: dict[str, Json] | None = None, **more: Json
) -> None:
    """An environment whose web wants the variable LEVEL."""
    road.environment(name, parameters=LENIENT, **more)
    target: dict[str, Json] = {
        "environment": name,
        "connector": "docker",
        "agent": "host-a",
        "project": f"shop-{name}",
        "components": ["web"],
        "config": CONFIG,
        "labels": labels or {},
    }
    apply(road, {"kind": "Target", "name": f"{name}-a", "spec": target})


def revise(road: Road, release: Release, like: int | None = None, by: str = "dan") -> Release:
    with road.database.transaction(actor=road.people[by].id) as tx:
        made = revise_release(tx, release.id, reason="the level", like=like)
    road.settle()
    return made


def revised_by_ann(road: Road, **rule: Json) -> Release:
    """Dan made it, and in dev a rule does not take the word of who made a release."""
    change_roles(road, "ann", Role.DEVELOPER, Role.APPROVER)
    apply(road, variables(*VALUES))
    four_eyes: Json = {"rule": "four eyes", "approvers": ["approver"], **rule}
    place(road, approvals=[{"exclude": ["requester", "releaseCreator"], **four_eyes}])
    release = road.release("1.0.0")
    apply(road, variables({"name": "LEVEL", "value": "debug"}))
    return revise(road, release, by="ann")


def level(road: Road, promotion: Promotion) -> str:
    """What the web would be started with."""
    assert promotion.plan is not None
    plan = json.loads(road.work.blobs.get(Digest(promotion.plan)))
    (target,) = (one for one in plan["targets"] if "web" in str(one["services"]))
    return str(target["config"]["services"]["web"]["env"]["LEVEL"])


def test_a_release_keeps_the_variables_that_it_was_sealed_with(road: Road):
    apply(road, variables(*VALUES))
    place(road, labels={"tier": "front"})
    place(road, "stage")
    release = road.release("1.0.0")
    assert level(road, road.promote(release, "dev")) == "warn"
    assert level(road, road.promote(release, "stage")) == "info"

    apply(road, variables({"name": "LEVEL", "value": "debug"}))
    place(road, "prod")
    assert level(road, road.promote(release, "prod")) == "info"


def test_a_revision_takes_the_variables_of_now_and_an_earlier_one_can_be_had_again(road: Road):
    apply(road, variables(*VALUES))
    place(road)
    release = road.release("1.0.0")
    with pytest.raises(NothingToRevise):
        revise(road, release)
    apply(road, variables({"name": "LEVEL", "value": "debug"}))
    second = revise(road, release)
    assert (second.revision, second.digest, second.manifest) == (
        2,
        release.digest,
        release.manifest,
    )
    assert level(road, road.promote(release, "dev")) == "debug"
    third = revise(road, release, like=1)
    assert third.variables == release.variables
    with road.database.read() as tx:
        assert [one.number for one in list_revisions(tx, release.id)] == [3, 2, 1]
    with pytest.raises(UnknownRevision):
        revise(road, release, like=7)


def test_an_approval_of_other_variables_counts_no_more(road: Road):
    apply(road, variables(*VALUES))
    rule: Json = {"rule": "release", "approvers": ["approver"], "count": 2}
    place(road, approvals=[rule])
    release = road.release("1.0.0")
    asked = road.approve(road.promote(release, "dev"), "ann")
    apply(road, variables({"name": "LEVEL", "value": "debug"}))
    assert road.promotion(asked.id).plan_digest == asked.plan_digest
    revise(road, release)
    after = road.promotion(asked.id)
    assert after.plan_digest != asked.plan_digest
    assert after.state is State.WAITING
    assert road.approve(after, "bob").state is State.WAITING
    assert road.approve(road.promotion(asked.id), "ann").state is State.DEPLOYING


def test_who_revises_a_release_does_not_approve_it_where_its_maker_does_not(road: Road):
    asked = road.promote(revised_by_ann(road), "dev")
    record = json.loads(road.work.blobs.get(Digest(asked.record or "")))
    (gate,) = [one for one in record["gates"] if one["name"] == "approvals"]
    assert "who made the release nor the person who revised it" in gate["unblocks"]
    with pytest.raises(OwnRequest, match="ann revised the release"):
        road.approve(asked, "ann")
    done = road.deploy(road.approve(asked, "bob"))
    assert (done.state, level(road, done)) == (State.DEPLOYED, "debug")
    proves(road, done)


def test_who_revised_it_last_counts_and_the_approval_of_before_counts_no_more(road: Road):
    release = revised_by_ann(road, count=2)
    asked = road.approve(road.promote(release, "dev"), "bob")
    change_roles(road, "bob", Role.DEVELOPER, Role.APPROVER)
    revise(road, release, like=1, by="bob")
    revise(road, release, like=2, by="bob")
    after = road.promotion(asked.id)
    assert after.state is State.WAITING
    with pytest.raises(OwnRequest, match="bob revised the release"):
        road.approve(after, "bob")
    assert road.approve(after, "ann").state is State.WAITING


def test_a_variable_that_is_missing_lets_nothing_begin_and_is_named(road: Road):
    place(road)
    asked = road.promote(road.release("1.0.0"), "dev")
    assert asked.state is State.ERRORED
    (said,) = [one for one in road.facts(asked.id) if one.kind == "PromotionErrored"]
    assert "no variable LEVEL counts there" in str(said.data)
    assert road.take("host-a") is None


def test_variables_of_places_that_are_not_there_are_refused(road: Road):
    place(road)
    for key in ("environment", "target"):
        strange = {"name": "A", "value": "x", "when": {key: ["nowhere"]}}
        with pytest.raises(MalformedVariables, match="no " + key):
            apply(road, variables(strange))
    with road.database.read() as tx:
        assert tx.rows(variable_set.select()) == []


def told(road: Road, promotion: Promotion) -> bytes:
    """The packet of a promotion that has ended."""
    return packet_of(road, promotion.id)


def test_a_packet_proves_the_variables_and_replays(road: Road):
    apply(road, variables(*VALUES))
    place(road, labels={"tier": "front"})
    release = road.release("1.0.0")
    apply(road, variables({"name": "LEVEL", "value": "debug"}))
    revise(road, release)
    asked = road.promote(release, "dev")
    road.deploy(asked)
    packet = told(road, asked)
    verification = verify_packet(packet, road.work.proving.root)
    assert verification.good, verification.checks
    (check,) = (one for one in verification.checks if one.name == "variables")
    assert check.detail.startswith("1 of revision 2")
    assert replay_packet(packet).verdict is Verdict.IDENTICAL
    configuration = json.loads(read_packet(packet).entries[names.CONFIGURATION])
    assert configuration["variables"][0]["value"] == "debug"


def test_a_row_that_was_changed_by_hand_is_found_by_who_verifies(road: Road):
    """Whoever can write the database cannot give a release variables that nobody sealed."""
    apply(road, variables(*VALUES))
    place(road)
    made = road.release("1.0.0")
    with road.database.transaction(actor="intruder") as tx:
        row = tx.row(releases.select())
        assert row is not None
        text = str(row["variables"]).replace("info", "evil")
        tx.connection.execute(releases.update().values(variables=text))
    asked = road.promote(made, "dev")
    road.deploy(asked)
    verification = verify_packet(told(road, asked), road.work.proving.root)
    bad: list[Any] = [one for one in verification.checks if not one.good]
    assert [one.name for one in bad] == ["variables"]
    assert bad[0].place == names.CONFIGURATION


def test_a_release_without_variables_has_the_documents_of_before(road: Road):
    road.environment("dev", parameters=LENIENT)
    release = road.release("1.0.0")
    asked = road.promote(release, "dev")
    road.deploy(asked)
    packet = read_packet(told(road, asked))
    assert b"variables" not in packet.entries[names.CONFIGURATION]
    assert b"variables" not in packet.entries[names.RELEASE_MANIFEST]


def test_what_waits_for_a_scan_goes_on_waiting_for_it_when_it_is_revised(road: Road):
    apply(road, variables(*VALUES))
    place(road)
    release = unscanned(road)
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        asked = request_promotion(tx, road.people["dan"], release=release.id, environment="dev")
        apply_variables(tx, "shop", {"variables": [{"name": "LEVEL", "value": "debug"}]})
        revised = revise_release(tx, release.id, reason="the level")
    fact = next(one for one in road.facts(release.id) if one.kind == "ReleaseRevised")
    judge_of_revision(road.work, fact)
    assert (revised.revision, road.promotion(asked.id).state) == (2, State.EVALUATING)
    road.settle()
    assert road.promotion(asked.id).state is State.DEPLOYING


def unscanned(road: Road) -> Release:
    """A sealed release whose images nobody has scanned yet, though somebody will."""
    references = {"web": road.push("web", "1.0.0", {}), "worker": road.push("worker", "1.0.0", {})}
    components = resolve_components(lambda _: road.registry, references)
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        made = create_release(
            tx, road.work.blobs, name="shop", version="1.0.0", components=components
        )
        for one in components:
            request_scan(tx, one.pinned, "release")
    return made


def test_there_is_no_way_back_to_what_runs_with_variables_that_never_ran(road: Road):
    apply(road, variables(*VALUES))
    place(road)
    release = road.release("1.0.0")
    road.deploy(road.promote(release, "dev"))
    apply(road, variables({"name": "LEVEL", "value": "debug"}))
    revise(road, release)
    with (
        road.database.transaction(actor=road.people["dan"].id) as tx,
        pytest.raises(NothingToRollBackTo, match="is what runs"),
    ):
        request_rollback(tx, road.people["dan"], environment="dev", reason="x", release=release.id)
