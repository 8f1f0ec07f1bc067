"""What a decision rests on stays as it is while it is made: its packet verifies whatever people do.

Where a database lets several write at once, others wait for the end of the decision.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Thread

from fixtures.road import FIXED, OLD, InlineRuns, Road
from promotion.test_rights_since import STRICT, waived
from promotion.test_rules import proves
from promotion.test_variables import VALUES, apply, place, variables
from stella.api.endings import endings_for
from stella.app.flows import steps_of
from stella.environment.apply import apply_environment
from stella.environment.end import delete_environment
from stella.environment.errors import MalformedDocument, UnknownEnvironment
from stella.environment.freeze import begin_freeze
from stella.kernel import Digest
from stella.policy import Ask
from stella.policy.engine import NEEDS
from stella.policy.store import delete_policy, put_policy
from stella.promotion.exceptions.waive import end_waiver
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion, list_promotions
from stella.record import Tx
from stella.release.model import Release
from stella.release.revise import revise_release

_A_MOMENT_S = 0.3
"""More than a change takes that waits for nobody."""


def promote_meanwhile(
    road: Road, release: Release, change: Callable[[], object], *, judged: State
) -> Promotion:
    """Ask for it in dev; somebody makes the change while it is judged in that state."""
    others: list[Thread] = []

    def interrupted(ask: Ask) -> Ask:
        def asked(*args, **options):  # type: ignore[no-untyped-def]
            with road.database.read() as tx:
                is_now = bool(list_promotions(tx, states=frozenset({judged})))
            # What a policy needs is asked for before anything else is read.
            if is_now and not others and NEEDS not in args[2]:
                others.append(Thread(target=change))
                others[0].start()
                others[0].join(_A_MOMENT_S)
            return ask(*args, **options)

        return asked

    deciding = replace(road.work.deciding, ask=interrupted(road.work.deciding.ask))
    road.runs = InlineRuns(steps_of(replace(road.work, deciding=deciding)))
    asked = road.promote(release, "dev")
    (other,) = others
    other.join()
    road.settle()
    return asked


def test_a_waiver_that_is_taken_back_counts_until_the_decision_is_made(road: Road) -> None:
    road.environment("dev", parameters=STRICT)
    waiver = waived(road)

    def end() -> None:
        with road.database.transaction(actor=road.people["bob"].id) as tx:
            end_waiver(tx, waiver, "a way in was found")

    release = road.release("1.0.0", OLD)
    done = road.deploy(promote_meanwhile(road, release, end, judged=State.APPROVED))
    assert done.state is State.DEPLOYED
    proves(road, done)
    assert road.kinds(waiver)[-1] == "WaiverEnded"


def test_an_environment_is_applied_before_a_decision_or_after_it(road: Road) -> None:
    road.environment("dev", parameters=STRICT)
    release = road.release("1.0.0", OLD)

    def apply_lenient() -> None:
        road.environment("dev", parameters={"severityMax": "critical"})

    blocked = promote_meanwhile(road, release, apply_lenient, judged=State.EVALUATING)
    assert blocked.state is State.BLOCKED
    proves(road, blocked)
    assert road.promote(release, "dev").state is State.DEPLOYING


def test_a_release_is_revised_before_a_decision_or_after_it(road: Road) -> None:
    apply(road, variables(*VALUES))
    rule = {"rule": "none", "approvers": ["ann"], "when": {"findingsWorsened": "critical"}}
    place(road, approvals=[{**rule, "exclude": ["releaseCreator"]}])
    road.deploy(road.promote(road.release("1.0.0", FIXED), "dev"))
    release = road.release("2.0.0", FIXED)
    apply(road, variables({"name": "LEVEL", "value": "debug"}))

    def revise() -> None:
        with road.database.transaction(actor=road.people["bob"].id) as tx:
            revise_release(tx, release.id, reason="the level")

    done = road.deploy(promote_meanwhile(road, release, revise, judged=State.APPROVED))
    assert done.state is State.DEPLOYED
    proves(road, done)
    assert road.kinds(release.id)[-1] == "ReleaseRevised"


def test_what_names_what_ends_waits_for_its_end(road: Road) -> None:
    road.environment("dev")
    with road.database.transaction(actor="system") as tx:
        put_policy(tx, "strict", Digest.of(b"a bundle"))

    def freeze(tx: Tx) -> object:
        return begin_freeze(tx, "dev", ends_at=tx.now + timedelta(hours=1), reason="audit")

    def follow(tx: Tx) -> object:
        return apply_environment(tx, "next", {"after": "dev"})

    def soak(tx: Tx) -> object:
        return apply_environment(tx, "late", {"soak": {"in": "dev", "hours": 1}})

    def judge(tx: Tx) -> object:
        return apply_environment(tx, "judged", {"policy": "strict"})

    refused: list[str] = []

    def ask(change: Callable[[Tx], object]) -> None:
        try:
            with road.database.transaction(actor=road.people["bob"].id) as tx:
                change(tx)
        except (MalformedDocument, UnknownEnvironment):
            refused.append(change.__name__)

    others = [Thread(target=ask, args=[change]) for change in (freeze, follow, soak, judge)]
    with road.database.transaction(actor="system") as tx:
        delete_environment(tx, "dev")
        assert not tuple(endings_for(())["Policy"].busy(tx, "strict"))
        delete_policy(tx, "strict")
        for other in others:
            other.start()
        for other in others:
            other.join(_A_MOMENT_S)
    for other in others:
        other.join()
    assert sorted(refused) == ["follow", "freeze", "judge", "soak"]
