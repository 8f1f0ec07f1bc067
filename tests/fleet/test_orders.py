from dataclasses import replace
from datetime import timedelta

import pytest

from fixtures.fleets import Fleet, intent_of, plan_of
from stella.fleet import (
    NotYourOrder,
    OrderIsOver,
    OrderState,
    ReportTooLarge,
    RevokedAgent,
    StaleFence,
    UnknownAgent,
    UnknownOrder,
    append_log,
    cancel_order,
    expire_orders,
    find_order,
    finish_order,
    orders_of_deployment,
    read_log,
    renew_lease,
    revoke,
    take_order,
)
from stella.fleet.model import Agent, Taken
from stella.kernel import IllegalMove
from stella.plugin.order import OrderOutcome, OrderResult, Purpose, read_order
from stella.trust import BadSignature, new_signer


def take(fleet: Fleet, agent: Agent) -> Taken | None:
    with fleet.database.transaction(actor=agent.id) as tx:
        return take_order(tx, agent)


def result(fleet: Fleet, outcome: OrderOutcome = OrderOutcome.SUCCEEDED) -> OrderResult:
    code = None if outcome is OrderOutcome.SUCCEEDED else "ST-TGT-001"
    return OrderResult(outcome, fleet.clock(), fleet.clock(), code, code)


def test_an_order_is_signed_and_addressed(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    order = fleet.issue()
    content = read_order(order.bundle, [fleet.signer.public])
    assert (content.order, content.agent) == (order.id, agent.id)
    assert content.intent == intent_of()
    assert content.plan == plan_of()
    assert content.sticker == '{"release":"rel_1"}'
    assert content.expires_at == order.expires_at
    with pytest.raises(BadSignature):
        read_order(order.bundle, [new_signer().public])


def test_the_same_order_is_issued_once_for_one_purpose(fleet: Fleet) -> None:
    fleet.enroll()
    first, again = fleet.issue(), fleet.issue()
    undo = fleet.issue(purpose=Purpose.UNDO)
    assert first == again
    assert fleet.facts(first.id) == ["OrderIssued"]
    with fleet.database.read() as tx:
        assert [one.id for one in orders_of_deployment(tx, "dep_1")] == [first.id, undo.id]


def test_no_order_goes_to_an_unknown_or_revoked_agent(fleet: Fleet) -> None:
    with pytest.raises(UnknownAgent):
        fleet.issue("nobody")
    agent, _ = fleet.enroll()
    with fleet.database.transaction(actor="usr_1") as tx:
        revoke(tx, agent.id, "sold")
    with pytest.raises(RevokedAgent):
        fleet.issue()


def test_orders_are_taken_one_by_one_the_unfinished_first(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    first, second = fleet.issue(deployment="dep_1"), fleet.issue(deployment="dep_2")
    taken, again = take(fleet, agent), take(fleet, agent)
    assert taken is not None
    assert again is not None
    assert (taken.order, taken.fence, again.order, again.fence) == (first.id, 1, first.id, 2)
    with fleet.database.transaction(actor=agent.id) as tx:
        finish_order(tx, agent, first.id, 2, result(fleet))
    third = take(fleet, agent)
    assert third is not None
    assert third.order == second.id
    assert fleet.facts(first.id) == ["OrderIssued", "OrderTaken", "OrderTaken", "OrderFinished"]


def test_another_agent_gets_and_touches_no_foreign_order(fleet: Fleet) -> None:
    fleet.enroll("host-a")
    thief, _ = fleet.enroll("host-b")
    order = fleet.issue("host-a")
    assert take(fleet, thief) is None
    for act in (
        lambda tx: renew_lease(tx, thief, order.id, 0),
        lambda tx: finish_order(tx, thief, order.id, 0, result(fleet)),
        lambda tx: append_log(tx, thief, order.id, 0, seq=1, lines=[(tx.now, "x")]),
    ):
        with pytest.raises(NotYourOrder), fleet.database.transaction(actor=thief.id) as tx:
            act(tx)


def test_who_holds_an_older_fence_may_say_nothing_more(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    order = fleet.issue()
    take(fleet, agent)
    take(fleet, agent)
    for act in (
        lambda tx: renew_lease(tx, agent, order.id, 1),
        lambda tx: finish_order(tx, agent, order.id, 1, result(fleet)),
        lambda tx: append_log(tx, agent, order.id, 1, seq=1, lines=[(tx.now, "x")]),
    ):
        with pytest.raises(StaleFence), fleet.database.transaction(actor=agent.id) as tx:
            act(tx)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (OrderOutcome.SUCCEEDED, OrderState.SUCCEEDED),
        (OrderOutcome.FAILED, OrderState.FAILED),
        (OrderOutcome.ERRORED, OrderState.ERRORED),
    ],
)
def test_an_order_ends_once_however_often_the_result_arrives(
    fleet: Fleet, outcome: OrderOutcome, state: OrderState
) -> None:
    agent, _ = fleet.enroll()
    order = fleet.issue()
    take(fleet, agent)
    said = result(fleet, outcome)
    for _ in range(2):
        with fleet.database.transaction(actor=agent.id) as tx:
            ended = finish_order(tx, agent, order.id, 1, said)
    assert (ended.state, ended.result) == (state, said)
    assert fleet.facts(order.id).count("OrderFinished") == 1
    with pytest.raises(OrderIsOver), fleet.database.transaction(actor=agent.id) as tx:
        renew_lease(tx, agent, order.id, 1)


def test_what_an_agent_says_of_an_end_is_kept_within_bounds(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    order = fleet.issue()
    take(fleet, agent)
    said = replace(result(fleet, OrderOutcome.FAILED), code="c" * 10**6, message="m" * 10**6)
    with fleet.database.transaction(actor=agent.id) as tx:
        ended = finish_order(tx, agent, order.id, 1, said)
    assert ended.result is not None
    assert len(ended.result.code or "") == 80
    assert len(ended.result.message or "") == 8000


def test_an_order_that_nobody_took_in_time_expires(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    order = fleet.issue(minutes=10)
    fleet.clock.go_on(minutes=10)
    assert take(fleet, agent) is None
    with fleet.database.transaction(actor="system") as tx:
        assert expire_orders(tx) == 1
        assert expire_orders(tx) == 0
        assert find_order(tx, order.id).state is OrderState.EXPIRED


def test_what_runs_under_a_lease_is_let_run_and_ended_after_it(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    order = fleet.issue(minutes=1)
    take(fleet, agent)
    fleet.clock.go_on(seconds=50)
    with fleet.database.transaction(actor=agent.id) as tx:
        until = renew_lease(tx, agent, order.id, 1, lease_s=60)
        assert until == tx.now + timedelta(seconds=60)
    fleet.clock.go_on(seconds=50)
    with fleet.database.transaction(actor="system") as tx:
        assert expire_orders(tx) == 0
    fleet.clock.go_on(seconds=11)
    with fleet.database.transaction(actor="system") as tx:
        assert expire_orders(tx) == 1
    with pytest.raises(OrderIsOver), fleet.database.transaction(actor=agent.id) as tx:
        finish_order(tx, agent, order.id, 1, result(fleet))
    assert fleet.facts(order.id)[-1] == "OrderExpired"


def test_only_an_order_that_nobody_took_is_cancelled(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    order = fleet.issue()
    with fleet.database.transaction(actor="usr_1") as tx:
        assert cancel_order(tx, order.id).state is OrderState.CANCELLED
    assert take(fleet, agent) is None
    other = fleet.issue(deployment="dep_2")
    take(fleet, agent)
    with pytest.raises(IllegalMove), fleet.database.transaction(actor="usr_1") as tx:
        cancel_order(tx, other.id)
    with pytest.raises(UnknownOrder), fleet.database.read() as tx:
        find_order(tx, "ord_none")


def test_a_log_has_each_line_once_in_one_order(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    order = fleet.issue()
    take(fleet, agent)

    def say(seq: int, *lines: str, fence: int = 1) -> int:
        with fleet.database.transaction(actor=agent.id) as tx:
            return append_log(
                tx, agent, order.id, fence, seq=seq, lines=[(tx.now, line) for line in lines]
            )

    assert say(1, "one", "two") == 3
    assert say(1, "one", "two") == 3
    assert say(2, "two", "three\0") == 4
    take(fleet, agent)
    assert say(1, "again", fence=2) == 2
    with fleet.database.read() as tx:
        lines = read_log(tx, "dep_1")
        assert [(line.seq, line.line) for line in lines] == [
            (1, "one"),
            (2, "two"),
            (3, "three"),
            (4, "again"),
        ]
        assert [line.line for line in read_log(tx, "dep_1", after=3)] == ["again"]
        assert read_log(tx, "dep_1", target="host-b") == ()
    with pytest.raises(ReportTooLarge):
        say(20_001, "too much", fence=2)


def test_a_result_keeps_what_ran_afterwards(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    order = fleet.issue()
    take(fleet, agent)
    said = replace(result(fleet), running=())
    with fleet.database.transaction(actor=agent.id) as tx:
        assert finish_order(tx, agent, order.id, 1, said).result == said
