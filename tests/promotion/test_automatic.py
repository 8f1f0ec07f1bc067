"""What runs in one environment goes on into the next by itself, as the gates allow, until held."""

import json
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.road import OLD, Road
from promotion.test_approvals import asked
from promotion.test_hold import hold, resume
from promotion.test_queue import ask
from promotion.test_rules import change_roles, proves
from promotion.test_soak import judge_due
from promotion.test_variables import VALUES, apply, revise, variables
from stella.environment.apply import apply_environment
from stella.environment.errors import MalformedDocument
from stella.environment.freeze import begin_freeze
from stella.environment.model import Pick
from stella.identity import Role, change_user, create_user
from stella.kernel import Digest
from stella.plugin.order import OrderOutcome
from stella.promotion.approval.approve import cancel_promotion, reject_promotion
from stella.promotion.errors import OwnRequest
from stella.promotion.exceptions.override import override_freeze
from stella.promotion.gates.automatic import automatic_gates
from stella.promotion.lifecycle import State
from stella.promotion.model import AutomaticInput, GateState, HoldInput, Person, Rank, RunsInput
from stella.promotion.store import Promotion, list_promotions
from stella.release.model import Release
from stella.release.store import find_release
from stella.release.withdraw import withdraw_release

NEWEST = {"promotions": {"automatic": {"pick": "newest"}}}
UPSTREAM = {"promotions": {"automatic": {"pick": "upstream"}}}
ONE = [{"rule": "one", "approvers": ["approver"]}]


def into(road: Road, name: str = "prod") -> list[Promotion]:
    """What was asked for there, the first first."""
    with road.database.read() as tx:
        return [*reversed(list_promotions(tx, environment=name))]


def in_dev(road: Road, version: str) -> Release:
    release = road.release(version)
    assert road.deploy(road.promote(release, "dev")).state is State.DEPLOYED
    return release


def two(road: Road, **rules: object) -> None:
    road.environment("dev")
    road.environment("prod", "dev", **rules)


def gate(road: Road, promotion: Promotion) -> dict[str, str]:
    record = json.loads(road.work.blobs.get(Digest(promotion.record or "")))
    return next(one for one in record["gates"] if one["name"] == "automatic")


def test_what_runs_in_dev_goes_on_into_prod_by_itself(road: Road) -> None:
    two(road, **NEWEST)
    release = in_dev(road, "2.0.0")
    (wanted,) = into(road)
    assert (wanted.release, wanted.state) == (release.id, State.DEPLOYING)
    assert wanted.requested_by == Person("system", "Stella")
    assert wanted.follows == into(road, "dev")[0].deployment
    assert wanted.reason == "shop 2.0.0 runs in dev"
    request = road.facts(wanted.id)[0]
    assert (request.actor, request.data["follows"]) == ("system", wanted.follows)
    assert request.cause is not None
    done = road.deploy(wanted)
    assert done.state is State.DEPLOYED
    assert "takes the newest by itself" in gate(road, done)["summary"]
    proves(road, done)


def test_without_the_rule_nothing_goes_by_itself(road: Road) -> None:
    two(road)
    in_dev(road, "2.0.0")
    assert into(road) == []


def test_the_rule_counts_for_what_runs_already_when_it_is_applied(road: Road) -> None:
    two(road)
    release = in_dev(road, "2.0.0")
    road.environment("prod", "dev", **NEWEST)
    road.settle()
    assert [one.release for one in into(road)] == [release.id]


def test_every_gate_is_judged_as_for_a_person(road: Road) -> None:
    road.environment("dev", parameters={"severityMax": "critical"})
    road.environment("prod", "dev", parameters={"severityMax": "medium"}, **NEWEST)
    assert road.deploy(road.promote(road.release("1.0.0", OLD), "dev")).state is State.DEPLOYED
    (wanted,) = into(road)
    assert wanted.state is State.BLOCKED
    proves(road, wanted)


def test_it_waits_for_its_soak_time_by_itself(road: Road) -> None:
    two(road, soak={"hours": 24}, **NEWEST)
    in_dev(road, "2.0.0")
    (wanted,) = into(road)
    assert wanted.state is State.WAITING
    road.clock.go_on(hours=24)
    judge_due(road)
    assert road.deploy(road.promotion(wanted.id)).state is State.DEPLOYED


def test_nothing_goes_by_itself_into_a_freeze_and_nobody_alone_lets_it(road: Road) -> None:
    """An override takes two, and here nobody asks."""
    two(road, approvals=ONE, **NEWEST)
    release = in_dev(road, "2.0.0")
    with road.database.transaction(actor="usr_op") as tx:
        user = create_user(tx, name="olga", roles=(Role.OPERATOR,), password_hash=None)
        frozen = begin_freeze(tx, "prod", ends_at=tx.now + timedelta(hours=1), reason="stocktaking")
        olga = Person(user.id, "olga", (Role.OPERATOR.value,))
        override_freeze(
            tx, olga, freeze=frozen.id, environment="prod", release=release, reason="it is well"
        )
    (wanted,) = into(road)
    assert road.approve(wanted, "ann").state is State.BLOCKED


def test_who_made_the_release_counts_as_who_asked(road: Road) -> None:
    with road.database.transaction(actor="usr_op") as tx:
        roles = (Role.DEVELOPER, Role.APPROVER)
        change_user(tx, road.people["dan"].id, roles=roles)
    road.people["dan"] = Person(road.people["dan"].id, "dan", ("developer", "approver"))
    two(road, approvals=ONE, **NEWEST)
    in_dev(road, "2.0.0")
    (wanted,) = into(road)
    with pytest.raises(OwnRequest):
        road.approve(wanted, "dan")
    with pytest.raises(OwnRequest), road.database.transaction(actor="x") as tx:
        reject_promotion(tx, road.people["dan"], wanted.id, "no")
    assert road.approve(wanted, "ann").state is State.DEPLOYING


def test_who_revised_the_release_counts_as_who_asked_as_well(road: Road) -> None:
    change_roles(road, "ann", Role.DEVELOPER, Role.APPROVER)
    apply(road, variables(*VALUES))
    two(road, approvals=ONE, **NEWEST)
    release = in_dev(road, "2.0.0")
    apply(road, variables({"name": "LEVEL", "value": "debug"}))
    revise(road, release, by="ann")
    (wanted,) = into(road)
    with pytest.raises(OwnRequest, match="ann revised the release"):
        road.approve(wanted, "ann")
    done = road.deploy(road.approve(wanted, "bob"))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_nothing_goes_by_itself_while_held_and_what_waits_is_blocked(road: Road) -> None:
    two(road, approvals=ONE, **NEWEST)
    in_dev(road, "2.0.0")
    (wanted,) = into(road)
    hold(road, "prod")
    blocked = road.promotion(wanted.id)
    assert blocked.state is State.BLOCKED
    assert "prod is held since" in gate(road, blocked)["summary"]
    assert "by ann: look at the logs first" in gate(road, blocked)["summary"]
    proves(road, blocked)
    in_dev(road, "3.0.0")
    assert len(into(road)) == 1


def test_after_the_hold_what_runs_before_is_asked_for_once_more(road: Road) -> None:
    two(road, approvals=ONE, **NEWEST)
    release = in_dev(road, "2.0.0")
    hold(road, "prod")
    resume(road, "prod")
    assert [(one.release, one.state) for one in into(road)] == [
        (release.id, State.BLOCKED),
        (release.id, State.WAITING),
    ]


def test_a_deliberate_rollback_is_not_undone_by_itself(road: Road) -> None:
    two(road, **NEWEST)
    for version in ("2.0.0", "3.0.0"):
        in_dev(road, version)
        assert road.deploy(into(road)[-1]).state is State.DEPLOYED
    back = road.deploy(road.roll_back("prod"))
    assert back.state is State.DEPLOYED
    in_dev(road, "4.0.0")
    assert into(road)[-1].id == back.id
    # Somebody moves it on, and it goes on by itself with what comes next.
    with road.database.read() as tx:
        (last,) = list_promotions(tx, environment="dev", limit=1)
    with road.database.read() as tx:
        four = find_release(tx, last.release)
    assert road.deploy(road.promote(four, "prod")).state is State.DEPLOYED
    five = in_dev(road, "5.0.0")
    assert into(road)[-1].release == five.id


@pytest.mark.parametrize("end", ["cancelled", "failed", "rejected"])
def test_what_ended_is_not_asked_for_again_until_the_environment_moved_on(
    road: Road, end: str
) -> None:
    two(road, approvals=ONE, **NEWEST)
    release = in_dev(road, "2.0.0")
    (wanted,) = into(road)
    if end == "failed":
        road.approve(wanted, "ann")
        road.finish("host-a", OrderOutcome.FAILED)
    else:
        with road.database.transaction(actor=road.people["ann"].id) as tx:
            if end == "rejected":
                reject_promotion(tx, road.people["ann"], wanted.id, "no")
            else:
                cancel_promotion(tx, wanted.id, "no")
        road.settle()
    assert road.promotion(wanted.id).state.value == end
    road.environment("prod", "dev", approvals=ONE, **NEWEST, parameters={"severityMax": "low"})
    road.settle()
    assert road.deploy(road.promote(release, "dev")).state is State.DEPLOYED
    assert len(into(road)) == 1


def test_newest_never_goes_back(road: Road) -> None:
    """What is rolled back in dev stays where it is in prod, and nothing older comes."""
    two(road, **NEWEST)
    for version in ("2.0.0", "3.0.0"):
        in_dev(road, version)
        road.deploy(into(road)[-1])
    assert road.deploy(road.roll_back("dev")).state is State.DEPLOYED
    assert len(into(road)) == 2


def test_what_was_taken_back_in_dev_does_not_go_on(road: Road) -> None:
    two(road, approvals=ONE, **NEWEST)
    in_dev(road, "2.0.0")
    assert road.deploy(road.approve(into(road)[0], "ann")).state is State.DEPLOYED
    in_dev(road, "3.0.0")
    waiting = into(road)[-1]
    assert waiting.state is State.WAITING
    road.deploy(road.roll_back("dev"))
    blocked = road.promotion(waiting.id)
    assert blocked.state is State.BLOCKED
    assert gate(road, blocked)["summary"] == "dev runs shop 2.0.0 now"


def test_upstream_goes_where_dev_goes_also_back(road: Road) -> None:
    two(road, **UPSTREAM)
    releases = []
    for version in ("2.0.0", "3.0.0"):
        releases.append(in_dev(road, version))
        road.deploy(into(road)[-1])
    road.deploy(road.roll_back("dev"))
    back = into(road)[-1]
    assert (back.release, back.state) == (releases[0].id, State.DEPLOYING)
    assert not back.rollback


def test_upstream_leaves_what_dev_has_left(road: Road) -> None:
    two(road, approvals=ONE, **UPSTREAM)
    in_dev(road, "2.0.0")
    in_dev(road, "3.0.0")
    first, second = into(road)
    assert (first.state, second.state) == (State.BLOCKED, State.WAITING)
    assert gate(road, first)["summary"] == "dev runs shop 3.0.0 now"


def test_newest_leaves_its_place_to_newer_ones_where_they_supersede(road: Road) -> None:
    two(road, approvals=ONE, promotions={"automatic": {}, "supersede": "older"})
    in_dev(road, "2.0.0")
    in_dev(road, "3.0.0")
    assert [one.state for one in into(road)] == [State.SUPERSEDED, State.WAITING]


def test_what_a_person_asked_for_is_not_superseded_by_itself(road: Road) -> None:
    two(road, approvals=ONE, promotions={"supersede": "older"})
    wanted = road.promote(in_dev(road, "2.0.0"), "prod")
    road.environment(
        "prod", "dev", approvals=ONE, promotions={"automatic": {}, "supersede": "older"}
    )
    in_dev(road, "3.0.0")
    assert [one.state for one in into(road)] == [State.WAITING, State.WAITING]
    assert road.promotion(wanted.id).superseded_by is None


def test_what_is_older_than_what_is_on_its_way_is_not_asked_for(road: Road) -> None:
    two(road, approvals=ONE)
    in_dev(road, "2.0.0")
    newer = in_dev(road, "3.0.0")
    road.promote(newer, "prod")
    road.deploy(road.roll_back("dev"))
    road.environment("prod", "dev", approvals=ONE, **NEWEST)
    road.settle()
    assert [one.release for one in into(road)] == [newer.id]


def test_a_withdrawn_release_and_one_without_targets_go_nowhere(road: Road) -> None:
    two(road)
    release = in_dev(road, "2.0.0")
    with road.database.transaction(actor="usr_1") as tx:
        withdraw_release(tx, release.id, "broken")
        apply_environment(tx, "empty", {"after": "dev", **NEWEST})
    road.environment("prod", "dev", **NEWEST)
    road.settle()
    assert (into(road), into(road, "empty")) == ([], [])


def test_switched_off_it_lets_nothing_go_that_waits(road: Road) -> None:
    two(road, approvals=ONE, **NEWEST)
    in_dev(road, "2.0.0")
    road.environment("prod", "dev", approvals=ONE)
    road.settle()
    (wanted,) = into(road)
    assert wanted.state is State.BLOCKED
    assert gate(road, wanted)["summary"] == "nothing goes into prod automatically any more"


def test_one_environment_after_the_other(road: Road) -> None:
    two(road, **NEWEST)
    road.environment("last", "prod", **NEWEST)
    release = in_dev(road, "2.0.0")
    road.deploy(into(road)[0])
    (wanted,) = into(road, "last")
    assert (wanted.release, wanted.state) == (release.id, State.DEPLOYING)


def test_what_was_deployed_last_runs_whoever_asked_first(road: Road) -> None:
    """Who asked later may go first: what runs is what was deployed last, not what was asked for last."""
    road.environment("dev")
    running = ask(road, road.release("2.0.0"))
    normal = ask(road, road.release("3.0.0"))
    high = ask(road, road.release("4.0.0"), Rank.HIGH)
    for one in (running, high, normal):
        road.deploy(one)
    back = road.roll_back("dev")
    assert back.release == high.release


@pytest.mark.parametrize(
    ("name", "after", "automatic", "why"),
    [
        ("dev", None, {}, "the environment before"),
        ("prod", "dev", {"from": "prod"}, "the environment before"),
        ("prod", "dev", {"from": "moon"}, "the environment before"),
        ("prod", "dev", {"pick": "any"}, "pick"),
        ("prod", "dev", {"when": "now"}, "when"),
        ("prod", "dev", True, "object"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    road: Road, name: str, after: str | None, automatic: object, why: str
) -> None:
    road.environment("dev")
    with pytest.raises(MalformedDocument, match=why):
        road.environment(name, after, promotions={"automatic": automatic})


RUNS = st.none() | st.builds(
    lambda number: RunsInput(f"rel_{number}", "shop", f"{number}.0.0", f"sha256:{number}"),
    st.integers(0, 4),
)


@given(there=RUNS, here=RUNS, pick=st.sampled_from([None, *Pick]), is_held=st.booleans())
def test_nothing_goes_by_itself_where_held_nor_twice_nor_back(
    there: RunsInput | None, here: RunsInput | None, pick: Pick | None, *, is_held: bool
) -> None:
    decision = asked([], [])
    release = msgspec.structs.replace(decision.release, id="rel_2", digest="sha256:2")
    automatic = AutomaticInput(
        follows="dep_1",
        after="dev" if pick else None,
        pick=pick,
        there=there if pick else None,
        here=here,
        hold=HoldInput("2030-01-01T00:00:00.000000Z", "ann", "r") if is_held else msgspec.UNSET,
    )
    (gate,) = automatic_gates(
        msgspec.structs.replace(decision, release=release, automatic=automatic)
    )
    if gate.state is GateState.PASS:
        assert not is_held
        assert there is not None
        assert here is None or here.digest != release.digest
        if pick is Pick.NEWEST:
            assert here is None or here.release < release.id
            assert there.release >= release.id
        else:
            assert there.digest == release.digest
    else:
        assert gate.state is GateState.BLOCKED
        assert gate.unblocks
