"""A release goes through the phases of its lifecycle, on every road, and the packet proves it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from fixtures.road import Road
from promotion.test_automatic import into
from promotion.test_rights_since import newcomer
from promotion.test_rules import change_roles, packet_of, proves
from promotion.test_soak import judge_due
from stella.environment.documents import apply_documents
from stella.environment.errors import MalformedDocument
from stella.environment.lifecycles.store import apply_lifecycle, delete_lifecycle, list_lifecycles
from stella.environment.lifecycles.store import lifecycle as lifecycle_table
from stella.evidence import verify_packet
from stella.identity import Role
from stella.kernel import Digest, time_text
from stella.promotion.errors import ImpossibleHotfix
from stella.promotion.evaluate import evaluate_promotion, preview_promotion
from stella.promotion.gates.start_window import StartWindow
from stella.promotion.lifecycle import State
from stella.promotion.request import request_promotion
from stella.promotion.store import Promotion
from stella.promotion.store import promotion as promotion_table
from stella.release.model import Release
from stella.release.store import release as release_table


def phase(name: str, *environments: str, **more: object) -> dict[str, Any]:
    return {"name": name, "environments": list(environments or (name,)), **more}


def lifecycle(road: Road, name: str, *phases: dict[str, Any], **more: object) -> None:
    with road.database.transaction(actor="usr_op") as tx:
        apply_lifecycle(tx, name, {"phases": list(phases), **more})
    road.settle()


def places(road: Road, *names: str) -> None:
    for name in names:
        road.environment(name)


def bring(road: Road, release: Release, *environments: str) -> None:
    for name in environments:
        assert road.deploy(road.promote(release, name)).state is State.DEPLOYED


def gate(road: Road, promotion: Promotion) -> dict[str, Any]:
    record = json.loads(road.work.blobs.get(Digest(promotion.record or "")))
    return next(one for one in record["gates"] if one["name"] == "lifecycle")


def two_stages(road: Road, **stage: object) -> None:
    places(road, "dev", "stage-eu", "stage-us", "prod")
    lifecycle(
        road,
        "standard",
        phase("dev"),
        phase("stage", "stage-eu", "stage-us", **stage),
        phase("prod"),
        default=True,
    )


def test_a_request_for_all_phases_is_previewed_as_on_its_way_through_them(road: Road) -> None:
    two_stages(road)
    release = road.release("2.0.0")

    def would(*together: str) -> tuple[str, str]:
        with road.database.read() as tx:
            decision, _ = preview_promotion(
                tx, road.people["dan"], release, "prod", road.work.deciding, together=together
            )
        found = next(one for one in decision.gates if one.name == "lifecycle")
        return found.state.value, found.summary

    assert would()[0] == "blocked"
    assert would("dev")[0] == "blocked"
    state, summary = would("dev", "stage-eu", "stage-us", "prod")
    assert state == "waiting"
    assert "this request" in summary
    bring(road, release, "dev", "stage-eu", "stage-us")
    assert would("dev", "stage-eu", "stage-us", "prod")[0] == "pass"


def test_the_reason_is_the_smallest_change_that_lets_it_go(road: Road) -> None:
    two_stages(road)
    release = road.release("2.0.0")
    bring(road, release, "dev", "stage-eu")
    wanted = road.promote(release, "prod")
    assert wanted.state is State.BLOCKED
    said = gate(road, wanted)
    assert said["unblocks"] == (
        f"deploy to stage-us first: 1 of 2 done; stella promote {release.id} --env stage-us"
    )
    proves(road, wanted)
    bring(road, release, "stage-us")
    done = road.deploy(road.promote(release, "prod"))
    assert done.state is State.DEPLOYED
    assert gate(road, done)["summary"] == "prod of standard follows stage 2 of 2"
    proves(road, done)


def test_at_least_so_many_are_enough(road: Road) -> None:
    two_stages(road, atLeast=1)
    release = road.release("2.0.0")
    bring(road, release, "dev")
    said = gate(road, road.promote(release, "prod"))["unblocks"]
    assert "deploy to stage-eu or stage-us first: 0 of 1 done" in said
    bring(road, release, "stage-us", "prod")


def test_what_is_optional_holds_nothing_up_but_what_it_follows_does(road: Road) -> None:
    places(road, "dev", "load", "prod")
    lifecycle(
        road, "standard", phase("dev"), phase("load", optional=True), phase("prod"), default=True
    )
    release = road.release("2.0.0")
    said = gate(road, road.promote(release, "prod"))
    assert "deploy to dev first: 0 of 1 done" in said["unblocks"]
    bring(road, release, "dev", "prod")


def test_branches_meet_again(road: Road) -> None:
    places(road, "dev", "eu", "us", "prod")
    lifecycle(
        road,
        "standard",
        phase("dev"),
        phase("eu", after=["dev"]),
        phase("us", after=["dev"]),
        phase("prod", after=["eu", "us"]),
        default=True,
    )
    release = road.release("2.0.0")
    bring(road, release, "dev", "us")
    blocked = road.promote(release, "prod")
    assert blocked.state is State.BLOCKED
    assert "not through eu" in gate(road, blocked)["summary"]
    bring(road, release, "eu", "prod")


def test_it_waits_for_what_is_on_its_way_and_goes_on_by_itself(road: Road) -> None:
    two_stages(road, atLeast=1)
    release = road.release("2.0.0")
    bring(road, release, "dev")
    coming = road.promote(release, "stage-eu")
    wanted = road.promote(release, "prod")
    assert wanted.state is State.WAITING
    assert f"on its way to stage-eu ({coming.id})" in gate(road, wanted)["summary"]
    road.deploy(coming)
    done = road.deploy(road.promotion(wanted.id))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_it_soaks_in_as_many_as_have_to_count(road: Road) -> None:
    two_stages(road, soak=24)
    release = road.release("2.0.0")
    bring(road, release, "dev", "stage-eu")
    road.clock.go_on(hours=2)
    bring(road, release, "stage-us")
    wanted = road.promote(release, "prod")
    assert wanted.state is State.WAITING
    assert "soaks in stage-eu until" in gate(road, wanted)["summary"]
    road.clock.go_on(hours=22)
    assert judge_due(road) == 0
    road.clock.go_on(hours=2)
    assert judge_due(road) == 1
    done = road.deploy(road.promotion(wanted.id))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_an_environment_that_is_in_no_phase_lets_nothing_in(road: Road) -> None:
    places(road, "dev", "elsewhere")
    lifecycle(road, "standard", phase("dev"), default=True)
    blocked = road.promote(road.release("2.0.0"), "elsewhere")
    assert blocked.state is State.BLOCKED
    assert "elsewhere is in no phase of standard" in gate(road, blocked)["summary"]
    proves(road, blocked)


def test_without_one_the_order_of_environments_counts_as_ever(road: Road) -> None:
    road.environment("dev")
    road.environment("prod", "dev")
    lifecycle(road, "beta", phase("dev"), phase("prod"), channels=["beta"])
    release = road.release("2.0.0")
    blocked = road.promote(release, "prod")
    record = json.loads(road.work.blobs.get(Digest(blocked.record or "")))
    given = json.loads(road.work.blobs.get(Digest(blocked.input or "")))
    assert record["gates"][0]["name"] == "order"
    assert "lifecycle" not in given["environment"]
    assert "channel" not in given["release"]
    assert "hotfix" not in record


def test_the_channel_of_a_release_chooses_its_lifecycle(road: Road) -> None:
    places(road, "dev", "prod")
    lifecycle(road, "strict", phase("dev"), phase("prod"), default=True)
    lifecycle(road, "fast", phase("prod"), channels=["fast"])
    slow = road.release("2.0.0")
    assert road.promote(slow, "prod").state is State.BLOCKED
    quick = road.release("3.0.0", channel="fast")
    manifest = json.loads(road.work.blobs.get(Digest(quick.manifest)))
    assert manifest["channel"] == "fast"
    done = road.deploy(road.promote(quick, "prod"))
    assert done.state is State.DEPLOYED
    assert gate(road, done)["summary"] == "prod comes first in fast"
    proves(road, done)


def test_a_channel_in_the_row_that_was_not_sealed_is_found_out(road: Road) -> None:

    places(road, "dev", "prod")
    lifecycle(road, "strict", phase("dev"), phase("prod"), default=True)
    lifecycle(road, "fast", phase("prod"), channels=["fast"])
    release = road.release("2.0.0")
    with road.database.transaction(actor="x") as tx:
        tx.connection.execute(release_table.update().values(channel="fast"))
    done = road.deploy(road.promote(release, "prod"))
    assert done.state is State.DEPLOYED
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    assert {one.name for one in found.checks if not one.good} >= {"relied on"}


def test_a_lifecycle_in_the_row_that_nobody_applied_is_found_out(road: Road) -> None:

    places(road, "dev", "prod")
    lifecycle(road, "strict", phase("dev"), phase("prod"), default=True)
    release = road.release("2.0.0")
    forged = {"phases": [{"name": "prod", "environments": ["prod"], "after": []}], "default": True}
    with road.database.transaction(actor="x") as tx:
        tx.connection.execute(lifecycle_table.update().values(spec=json.dumps(forged)))
    done = road.deploy(road.promote(release, "prod"))
    assert done.state is State.DEPLOYED
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    (bad,) = [one for one in found.checks if not one.good]
    assert (bad.name, "the lifecycle strict" in bad.detail) == ("relied on", True)


@pytest.mark.parametrize("rest", ["nothing", "the default", "another name"])
def test_a_lifecycle_whose_row_is_gone_is_found_out(road: Road, rest: str) -> None:
    """Nobody ended it: by another, or by none, its releases would leave out its phases."""
    places(road, "dev", "prod")
    lifecycle(road, "strict", phase("dev"), phase("prod"), channels=["stable"])
    if rest != "nothing":
        lifecycle(road, "loose", phase("prod"), default=True)
    release = road.release("2.0.0", channel="stable")
    with road.database.transaction(actor="x") as tx:
        mine = lifecycle_table.c.name == "strict"
        if rest == "another name":
            other = lifecycle_table.c.name == "loose"
            tx.connection.execute(lifecycle_table.delete().where(other))
            tx.connection.execute(lifecycle_table.update().where(mine).values(name="loose"))
            loose = {"phases": [{"name": "prod", "environments": ["prod"], "after": []}]}
            spec = json.dumps({**loose, "default": True})
            tx.connection.execute(lifecycle_table.update().values(spec=spec))
        else:
            tx.connection.execute(lifecycle_table.delete().where(mine))
    done = road.deploy(road.promote(release, "prod"))
    assert done.state is State.DEPLOYED
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    (bad,) = [one for one in found.checks if not one.good]
    assert (bad.name, "the lifecycle strict was applied" in bad.detail) == ("relied on", True)


def test_a_lifecycle_that_was_ended_is_no_more_and_the_others_are_looked_at(road: Road) -> None:
    places(road, "dev", "prod")
    lifecycle(road, "strict", phase("dev"), phase("prod"), channels=["stable"])
    lifecycle(road, "other", phase("dev"), channels=["next"])
    with road.database.transaction(actor="usr_op") as tx:
        delete_lifecycle(tx, "strict")
    release = road.release("2.0.0", channel="stable")
    done = road.deploy(road.promote(release, "prod"))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_a_lifecycle_that_is_changed_judges_what_waits_anew(road: Road) -> None:
    two_stages(road, soak=24)
    release = road.release("2.0.0")
    bring(road, release, "dev", "stage-eu", "stage-us")
    wanted = road.promote(release, "prod")
    assert wanted.state is State.WAITING
    lifecycle(
        road, "standard", phase("dev"), phase("stage", "stage-eu"), phase("prod"), default=True
    )
    assert road.deploy(road.promotion(wanted.id)).state is State.DEPLOYED


def test_what_was_approved_is_asked_again_when_its_turn_comes(road: Road) -> None:
    """No start on any path that the evaluator would refuse: the lifecycle became stricter meanwhile."""
    places(road, "dev", "load", "prod")
    lifecycle(road, "standard", phase("dev"), phase("prod"), default=True)
    first, second = road.release("2.0.0"), road.release("3.0.0")
    bring(road, first, "dev")
    bring(road, second, "dev")
    running = road.promote(first, "prod")
    queued = road.promote(second, "prod")
    assert (running.state, queued.state) == (State.DEPLOYING, State.QUEUED)
    lifecycle(road, "standard", phase("dev"), phase("load"), phase("prod"), default=True)
    road.deploy(running)
    after = road.promotion(queued.id)
    assert (after.state, after.deployment) == (State.BLOCKED, None)
    proves(road, after)


def test_what_is_scheduled_is_asked_again_when_its_time_has_come(road: Road) -> None:
    places(road, "dev", "load", "prod")
    lifecycle(road, "standard", phase("dev"), phase("prod"), default=True)
    release = road.release("2.0.0")
    bring(road, release, "dev")
    dan = road.people["dan"]
    with road.database.transaction(actor=dan.id) as tx:
        asked = request_promotion(
            tx,
            dan,
            release=release.id,
            environment="prod",
            start=StartWindow(not_before=tx.now + timedelta(hours=2)),
        )
    road.settle()
    assert road.promotion(asked.id).state is State.SCHEDULED
    lifecycle(road, "standard", phase("dev"), phase("load"), phase("prod"), default=True)
    road.clock.go_on(hours=2)
    judge_due(road)
    after = road.promotion(asked.id)
    assert (after.state, after.deployment) == (State.BLOCKED, None)
    proves(road, after)


def test_an_automatic_promotion_waits_until_it_has_been_through_all_of_it(road: Road) -> None:
    road.environment("dev")
    road.environment("stage-eu", "dev")
    road.environment("stage-us", "dev")
    road.environment("prod", "stage-eu", promotions={"automatic": {"pick": "newest"}})
    lifecycle(
        road,
        "standard",
        phase("dev"),
        phase("stage", "stage-eu", "stage-us"),
        phase("prod"),
        default=True,
    )
    release = road.release("2.0.0")
    bring(road, release, "dev", "stage-eu")

    (wanted,) = into(road)
    assert wanted.state is State.WAITING
    bring(road, release, "stage-us")
    done = road.deploy(road.promotion(wanted.id))
    assert done.state is State.DEPLOYED
    proves(road, done)


HOTFIX = {"skip": ["stage"], "channels": ["hotfix"], "by": ["operator"]}


def with_hotfix(road: Road) -> None:
    places(road, "dev", "stage", "prod")
    lifecycle(
        road,
        "standard",
        phase("dev"),
        phase("stage"),
        phase("prod"),
        default=True,
        hotfix=HOTFIX,
    )


def facts_of(road: Road, promotion: Promotion, kind: str) -> list[dict[str, Any]]:
    return [dict(one.data) for one in road.facts(promotion.id) if one.kind == kind]


def test_a_release_of_the_hotfix_channel_leaves_phases_out_and_that_is_told(road: Road) -> None:
    with_hotfix(road)
    release = road.release("2.0.1", channel="hotfix")
    blocked = road.promote(release, "prod")
    assert blocked.state is State.BLOCKED, "dev is not left out"
    bring(road, release, "dev")
    done = road.deploy(road.promote(release, "prod"))
    assert done.state is State.DEPLOYED
    record = json.loads(road.work.blobs.get(Digest(done.record or "")))
    assert record["hotfix"]["phases"] == ["stage"]
    assert record["hotfix"]["channel"] == "hotfix"
    (told,) = facts_of(road, done, "HotfixTaken")
    assert (told["lifecycle"], told["phases"], told["channel"]) == ("standard", ["stage"], "hotfix")
    proves(road, done)


def ask_for_hotfix(road: Road, release: Release, by: str, reason: str = "the shop is down") -> Any:
    with road.database.transaction(actor=road.people[by].id) as tx:
        asked = request_promotion(
            tx,
            road.people[by],
            release=release.id,
            environment="prod",
            reason=reason,
            hotfix=True,
        )
    road.settle()
    return road.promotion(asked.id)


def test_whom_the_rule_names_may_ask_for_a_hotfix(road: Road) -> None:

    with_hotfix(road)
    newcomer(road, "olga", Role.OPERATOR)
    release = road.release("2.0.1")
    bring(road, release, "dev")
    with pytest.raises(ImpossibleHotfix, match="lets operator ask"):
        ask_for_hotfix(road, release, "dan")
    with pytest.raises(ImpossibleHotfix, match="no reason is given"):
        ask_for_hotfix(road, release, "olga", " ")
    done = road.deploy(ask_for_hotfix(road, release, "olga"))
    assert done.state is State.DEPLOYED
    said = gate(road, done)["summary"]
    assert said == "hotfix: stage of standard left out, asked for by olga: the shop is down"
    (told,) = facts_of(road, done, "HotfixTaken")
    assert (told["channel"], told["reason"]) == (None, "the shop is down")
    proves(road, done)


def test_a_release_of_its_channel_may_be_asked_for_as_one_by_anybody(road: Road) -> None:
    with_hotfix(road)
    release = road.release("2.0.1", channel="hotfix")
    bring(road, release, "dev")
    done = road.deploy(ask_for_hotfix(road, release, "dan", ""))
    assert done.state is State.DEPLOYED
    assert "releases of the channel hotfix may" in gate(road, done)["summary"]
    proves(road, done)


def test_a_hotfix_that_another_gate_blocks_alerts_nobody_of_a_hotfix(road: Road) -> None:
    with_hotfix(road)
    road.environment("prod", endsAt=time_text(road.clock() + timedelta(hours=1)))
    release = road.release("2.0.1", channel="hotfix")
    bring(road, release, "dev")
    road.clock.go_on(hours=2)
    blocked = road.promote(release, "prod")
    assert blocked.state is State.BLOCKED
    assert "stage of standard left out" in gate(road, blocked)["summary"]
    assert facts_of(road, blocked, "HotfixTaken") == []
    proves(road, blocked)


def test_who_may_no_more_asks_for_no_hotfix_and_the_row_of_another_is_found_out(
    road: Road,
) -> None:

    with_hotfix(road)
    newcomer(road, "olga", Role.OPERATOR)
    road.environment("prod", approvals=[{"rule": "one", "approvers": ["approver"]}])
    release = road.release("2.0.1")
    bring(road, release, "dev")
    asked = ask_for_hotfix(road, release, "olga")
    assert asked.state is State.WAITING
    change_roles(road, "olga", Role.DEVELOPER)
    after = road.approve(asked, "ann")
    assert after.state is State.BLOCKED
    assert "olga may ask for no hotfix" in gate(road, after)["summary"]
    proves(road, after)


def test_a_hotfix_that_nobody_asked_for_is_found_out(road: Road) -> None:
    with_hotfix(road)
    newcomer(road, "olga", Role.OPERATOR)
    release = road.release("2.0.1")
    bring(road, release, "dev")
    road.promote(release, "stage")
    asked = road.promote(release, "prod", by="olga")
    assert asked.state is State.WAITING
    with road.database.transaction(actor="x") as tx:
        where = promotion_table.c.id == asked.id
        tx.connection.execute(promotion_table.update().where(where), {"hotfix": True})
    with road.database.transaction(actor="system") as tx:
        evaluate_promotion(tx, asked.id, road.work.deciding, road.work.evidence_signer)
    road.settle()
    for _ in ("stage", "prod"):
        road.finish("host-a")
        road.finish("host-b")
    done = road.promotion(asked.id)
    assert done.state is State.DEPLOYED
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    (bad,) = [one for one in found.checks if not one.good]
    assert (bad.name, "a hotfix" in bad.detail) == ("relied on", True)


def test_documents_may_hand_a_channel_on_and_end_with_their_owner(road: Road) -> None:
    places(road, "dev", "prod")

    def documents(**channels: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "apiVersion": "stella/v1",
                "kind": "Lifecycle",
                "name": name,
                "spec": {"phases": [phase("dev")], "channels": listed},
            }
            for name, listed in channels.items()
        ]

    def apply(**channels: list[str]) -> list[str]:
        with road.database.transaction(actor="usr_op") as tx:
            found = apply_documents(tx, road.work.blobs, documents(**channels), brought={})
            return [one.change for one in found]

    assert apply(one=["beta"], two=["stable"]) == ["created", "created"]
    assert apply(one=["stable"], two=["beta"]) == ["updated", "updated"]
    assert apply(one=["stable"]) == ["unchanged"]
    with pytest.raises(MalformedDocument, match="releases of the channel beta take two"):
        apply(three=["beta"])
    with pytest.raises(MalformedDocument, match="there is no environment 'moon'"):
        lifecycle(road, "four", phase("moon"))
    with road.database.transaction(actor="usr_op") as tx:
        delete_lifecycle(tx, "two")
        assert list(list_lifecycles(tx)) == ["one"]
