"""What was given counts as long as its giver may give it, and what it was given for is still wanted."""

from datetime import timedelta

import msgspec
import pytest

from fixtures.road import OLD, Road
from promotion.test_approvals import asked
from promotion.test_freezes import freeze, override
from promotion.test_rules import change_roles, proves, rule
from promotion.test_soak import judge_due, soaking
from promotion.test_start_window import scheduled
from stella.deployment.standing import find_standing
from stella.finding import findings_document
from stella.finding.model import Findings
from stella.identity import Role, change_user, create_user
from stella.kernel import Digest
from stella.plugin.order import OrderOutcome
from stella.promotion.approval.absence import begin_absence
from stella.promotion.exceptions.waive import Wish, approve_waiver, end_waiver, request_waiver
from stella.promotion.gates.worsened import NOTHING_RUNS, rules_not_asked, running_bytes
from stella.promotion.lifecycle import State
from stella.promotion.model import ComponentInput, Person, RuleInput, ScanInput
from stella.release.store import find_release
from stella.release.withdraw import withdraw_release

STRICT = {"severityMax": "medium", "knownExploited": "pass"}
IMAGE = "sha256:" + "a" * 64


def newcomer(road: Road, name: str, *roles: Role) -> None:
    with road.database.transaction(actor="usr_op") as tx:
        user = create_user(tx, name=name, roles=roles, password_hash=None)
    road.people[name] = Person(user.id, name, tuple(one.value for one in roles))


def waived(road: Road) -> str:
    """A waiver that lets the old release into dev."""
    wish = Wish(
        "dev", "severity", None, "web", True, "no way in", road.clock() + timedelta(days=170)
    )
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        asked_for = request_waiver(tx, road.people["dan"], wish)
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        approve_waiver(tx, road.people["ann"], asked_for.id, "")
    road.settle()
    return asked_for.id


def test_a_release_that_was_withdrawn_meanwhile_begins_nowhere(road: Road) -> None:
    wanted = scheduled(road, approvals=True)
    road.approve(wanted, "ann")
    with road.database.transaction(actor="usr_op") as tx:
        withdraw_release(tx, wanted.release, "it loses orders")
    road.settle()
    assert road.promotion(wanted.id).state is State.ERRORED, "it frees the environment at once"
    road.clock.go_on(hours=8)
    assert judge_due(road) == 0


def test_a_narrow_token_speaks_with_its_own_roles_only(road: Road) -> None:
    newcomer(road, "rita", Role.ADMIN, Role.APPROVER)
    road.people["rita"] = msgspec.structs.replace(road.people["rita"], roles=("approver",))
    road.environment("dev", approvals=[rule("product", "approver"), rule("security", "admin")])
    wanted = road.promote(road.release("2.0.0"), "dev")
    assert road.approve(wanted, "rita").state is State.WAITING
    assert road.approve(wanted, "ann").state is State.WAITING, "nobody spoke as an admin"


def test_a_stand_in_who_may_approve_no_more_stands_for_nobody(road: Road) -> None:
    newcomer(road, "rita", Role.APPROVER)
    road.environment("dev", approvals=[rule("one", "ann"), rule("two", "rita")])
    ann = road.people["ann"]
    with road.database.transaction(actor=ann.id) as tx:
        away = tx.now + timedelta(days=3)
        begin_absence(tx, ann, stand_in=road.people["bob"].id, ends_at=away)
    wanted = road.promote(road.release("2.0.0"), "dev")
    assert road.approve(wanted, "bob").state is State.WAITING
    change_roles(road, "bob", Role.VIEWER)
    assert road.approve(wanted, "rita").state is State.WAITING


def test_an_override_ends_with_the_right_of_who_gave_it(road: Road) -> None:
    newcomer(road, "oscar", Role.OPERATOR)
    road.environment("dev")
    freeze(road)
    release = road.release("2.0.0")
    override(road, road.promote(release, "dev"), "oscar")
    change_roles(road, "oscar", Role.VIEWER)
    assert road.promote(release, "dev").state is State.BLOCKED


def test_an_override_is_for_what_is_asked_for_afterwards(road: Road) -> None:
    newcomer(road, "oscar", Role.OPERATOR)
    road.environment("dev", approvals=[rule("one", "ann")])
    wanted = road.promote(road.release("2.0.0"), "dev")
    road.clock.go_on(hours=1)
    freeze(road)
    override(road, wanted, "oscar")
    assert road.approve(wanted, "ann").state is State.BLOCKED


@pytest.mark.parametrize("who", ["dan", "ann"])
def test_a_waiver_counts_while_both_its_people_are_let_in(road: Road, who: str) -> None:
    road.environment("dev", parameters=STRICT)
    release = road.release("1.0.0", OLD)
    waived(road)
    done = road.deploy(road.promote(release, "dev"))
    proves(road, done)
    with road.database.transaction(actor="usr_op") as tx:
        change_user(tx, road.people[who].id, disabled=True)
    assert road.promote(release, "dev").state is State.BLOCKED


def test_a_waiver_ends_with_the_right_to_approve_it(road: Road) -> None:
    road.environment("dev", parameters=STRICT)
    release = road.release("1.0.0", OLD)
    waived(road)
    change_roles(road, "ann", Role.DEVELOPER)
    assert road.promote(release, "dev").state is State.BLOCKED


def test_what_runs_by_a_waiver_is_judged_anew_when_it_ends(road: Road) -> None:
    road.environment("dev", parameters=STRICT)
    waiver = waived(road)
    road.deploy(road.promote(road.release("1.0.0", OLD), "dev"))
    with road.database.read() as tx:
        before = find_standing(tx, "dev")
    assert before is not None
    assert before.outcome == "pass"
    with road.database.transaction(actor="usr_op") as tx:
        end_waiver(tx, waiver, "a way in was found")
    road.settle()
    with road.database.read() as tx:
        after = find_standing(tx, "dev")
    assert after is not None
    assert after.outcome == "blocked"


@pytest.mark.parametrize(
    "scans",
    [(ScanInput("linux/amd64", IMAGE, "done", findings=IMAGE),), ()],
    ids=["unread", "none"],
)
def test_who_is_asked_when_it_worsens_is_asked_where_that_is_unknown(
    scans: tuple[ScanInput, ...],
) -> None:
    unread = findings_document(Findings(Digest(IMAGE), Digest(IMAGE), (), unmatched={"cargo": 40}))
    given = asked([], [])
    replace = msgspec.structs.replace
    given = replace(
        given,
        environment=replace(
            given.environment, rules=(RuleInput("security", ("ann",), 1, worsened="high"),)
        ),
        release=replace(given.release, components=(ComponentInput("web", "r", IMAGE, scans),)),
    )
    documents = {IMAGE: unread} if scans else {}
    assert rules_not_asked(given, documents, running_bytes(NOTHING_RUNS)) == {}


def test_a_redeployment_that_errors_begins_the_soaking_anew(road: Road) -> None:
    wanted = soaking(road)
    road.clock.go_on(hours=20)
    with road.database.read() as tx:
        release = find_release(tx, wanted.release)
    again = road.promote(release, "dev")
    road.finish("host-a", OrderOutcome.ERRORED, "the agent was lost in the middle")
    assert road.promotion(again.id).state is State.ERRORED
    road.clock.go_on(hours=4)
    judge_due(road)
    assert road.promotion(wanted.id).state is State.WAITING
