"""Orders: signed for one agent, taken under a lease, finished once."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from stella.fleet.errors import NotYourOrder, OrderIsOver, OutOfReach, RevokedAgent, StaleFence
from stella.fleet.facts import (
    OrderCancelled,
    OrderExpired,
    OrderFinished,
    OrderIssued,
    OrderTaken,
)
from stella.fleet.lifecycle import ORDER, AgentState, OrderEvent, OrderState
from stella.fleet.model import Agent, Order, Taken
from stella.fleet.store import (
    change_order,
    find_agent_by_name,
    find_order,
    order_of,
    target_order,
    unknown_agent,
)
from stella.kernel import Remedy, canonical_json, digest_of, time_text
from stella.plugin.contract.target import TargetIntent, TargetPlan
from stella.plugin.order import (
    OrderContent,
    OrderOutcome,
    OrderResult,
    PluginReference,
    Purpose,
    plan_json,
    sign_order,
)
from stella.plugin.reached import Reach
from stella.plugin.wire import to_wire
from stella.record import Tx
from stella.trust import Signer

LEASE_S = 60
_MESSAGE_CHARACTERS_MAX = 8_000
_CODE_CHARACTERS_MAX = 80

_EVENT_OF = {
    OrderOutcome.SUCCEEDED: OrderEvent.SUCCEED,
    OrderOutcome.FAILED: OrderEvent.FAIL,
    OrderOutcome.ERRORED: OrderEvent.BREAK,
}


def issue_order(
    tx: Tx,
    signer: Signer,
    *,
    agent_name: str,
    deployment: str,
    target: str,
    purpose: Purpose,
    intent: TargetIntent,
    plan: TargetPlan,
    sticker: bytes | None,
    expires_at: datetime,
    plugin: PluginReference | None = None,
    reach: Reach | None = None,
) -> Order:
    """Sign an order for the agent of that name. The same deployment, target and purpose: the same.

    Raises UnknownAgent, RevokedAgent, OutOfReach. An agent that is offline gets it when it is back in time.
    """
    there = target_order.c
    row = tx.row(
        select(target_order).where(
            there.tenant == tx.tenant,
            there.deployment == deployment,
            there.target == target,
            there.purpose == purpose.value,
        )
    )
    if row is not None:
        return order_of(row)
    agent = _trusted_agent(tx, agent_name)
    _refuse_out_of_reach(agent, reach)
    content = OrderContent(
        order=tx.new_id("ord"),
        agent=agent.id,
        deployment=deployment,
        target=target,
        purpose=purpose,
        issued_at=tx.now,
        expires_at=expires_at,
        intent=intent,
        plan=plan,
        sticker=sticker.decode() if sticker is not None else None,
        plugin=plugin,
        reach=reach,
    )
    tx.connection.execute(
        target_order.insert(),
        {
            "id": content.order,
            "tenant": tx.tenant,
            "agent": agent.id,
            "deployment": deployment,
            "target": target,
            "purpose": purpose.value,
            "state": ORDER.start.value,
            "bundle": sign_order(signer, content).decode(),
            "issued_at": time_text(tx.now),
            "expires_at": time_text(expires_at),
            "fence": 0,
        },
    )
    planned = digest_of(plan_json(plan)).text
    tx.add(
        OrderIssued(content.order, agent.id, deployment, target, purpose.value, planned, expires_at)
    )
    return find_order(tx, content.order)


def take_order(tx: Tx, agent: Agent, *, lease_s: int = LEASE_S) -> Taken | None:
    """The agent's next order, its unfinished one first, or None.

    Taking grows the fence: what was said under an older one is refused from now on.
    """
    there, now = target_order.c, time_text(tx.now)
    row = tx.row(
        select(target_order)
        .where(
            there.agent == agent.id,
            there.state.in_([OrderState.ISSUED.value, OrderState.TAKEN.value]),
            or_(there.expires_at > now, there.lease_until > now),
        )
        # "taken" comes after "issued" in the alphabet.
        .order_by(there.state.desc(), there.id)
        .limit(1)
        .with_for_update()
    )
    if row is None:
        return None
    order = order_of(row)
    state = ORDER.next(order.state, OrderEvent.TAKE)
    fence, until = order.fence + 1, tx.now + timedelta(seconds=lease_s)
    change_order(
        tx,
        order.id,
        state=state.value,
        fence=fence,
        lease_until=time_text(until),
        taken_at=time_text(order.taken_at or tx.now),
    )
    tx.add(
        OrderTaken(order.id, agent.id, order.deployment, order.target, order.purpose.value, fence)
    )
    return Taken(order.id, order.bundle, fence, until)


def renew_lease(
    tx: Tx, agent: Agent, order_id: str, fence: int, *, lease_s: int = LEASE_S
) -> datetime:
    """Hold the order longer; until when.

    Raises UnknownOrder, NotYourOrder, StaleFence, OrderIsOver.
    """
    held_order(tx, agent, order_id, fence)
    until = tx.now + timedelta(seconds=lease_s)
    change_order(tx, order_id, lease_until=time_text(until))
    return until


def finish_order(tx: Tx, agent: Agent, order_id: str, fence: int, result: OrderResult) -> Order:
    """Keep how the order ended. Said again under the same fence, it changes nothing.

    Raises UnknownOrder, NotYourOrder, StaleFence, and OrderIsOver where it expired meanwhile.
    """
    order = _addressed_order(tx, agent, order_id, fence)
    if order.result is not None:
        return order
    _refuse_over(order)
    # Both become part of facts, packets and pages; the log has room for more.
    result = replace(
        result,
        code=result.code[:_CODE_CHARACTERS_MAX] if result.code else result.code,
        message=result.message[:_MESSAGE_CHARACTERS_MAX] if result.message else result.message,
    )
    state = ORDER.next(order.state, _EVENT_OF[result.outcome])
    change_order(
        tx,
        order.id,
        state=state.value,
        finished_at=time_text(tx.now),
        lease_until=None,
        result=canonical_json(to_wire(result)).decode(),
    )
    tx.add(
        OrderFinished(
            order.id,
            agent.id,
            order.deployment,
            order.target,
            order.purpose.value,
            result.outcome.value,
            result.code,
            result.message,
        )
    )
    return find_order(tx, order.id)


def cancel_order(tx: Tx, order_id: str) -> Order:
    """Take an order back that no agent has taken yet. Raises UnknownOrder, IllegalMove."""
    order = find_order(tx, order_id, lock=True)
    state = ORDER.next(order.state, OrderEvent.CANCEL)
    change_order(tx, order.id, state=state.value, finished_at=time_text(tx.now))
    tx.add(
        OrderCancelled(order.id, order.agent, order.deployment, order.target, order.purpose.value)
    )
    return find_order(tx, order.id)


def expire_orders(tx: Tx) -> int:
    """End what was not done in time and is in nobody's hands now; how many."""
    there, now = target_order.c, time_text(tx.now)
    rows = tx.rows(
        select(target_order)
        .where(
            there.tenant == tx.tenant,
            there.state.in_([OrderState.ISSUED.value, OrderState.TAKEN.value]),
            there.expires_at <= now,
            or_(there.lease_until.is_(None), there.lease_until <= now),
        )
        .with_for_update()
    )
    for row in rows:
        order = order_of(row)
        state = ORDER.next(order.state, OrderEvent.EXPIRE)
        change_order(tx, order.id, state=state.value, finished_at=now, lease_until=None)
        tx.add(
            OrderExpired(
                order.id,
                order.agent,
                order.deployment,
                order.target,
                order.purpose.value,
                order.state is OrderState.TAKEN,
            )
        )
    return len(rows)


def held_order(tx: Tx, agent: Agent, order_id: str, fence: int) -> Order:
    """The order in this agent's hands, under its newest fence, locked.

    Raises UnknownOrder, NotYourOrder, StaleFence, OrderIsOver.
    """
    order = _addressed_order(tx, agent, order_id, fence)
    _refuse_over(order)
    return order


def _addressed_order(tx: Tx, agent: Agent, order_id: str, fence: int) -> Order:
    order = find_order(tx, order_id, lock=True)
    if order.agent != agent.id:
        raise NotYourOrder(
            f"the order {order.id} is addressed to another agent than {agent.name}",
            remedy=Remedy("Ask for orders of your own."),
            order=order.id,
        )
    if fence != order.fence:
        raise StaleFence(
            f"the order {order.id} was taken again since (fence {order.fence}, not {fence})",
            remedy=Remedy("Stop: whoever took it last carries it out."),
            order=order.id,
            fence=order.fence,
        )
    return order


def _refuse_over(order: Order) -> None:
    if ORDER.is_final(order.state):
        raise OrderIsOver(
            f"the order {order.id} is over: {order.state}",
            remedy=Remedy("Look at its deployment.", f"stella deploy show {order.deployment}"),
            order=order.id,
            state=order.state,
        )


def _refuse_out_of_reach(agent: Agent, reach: Reach | None) -> None:
    """Return where it can go that way, or has not yet said which ways it can."""
    if reach is None or agent.report is None or reach.way in agent.report.reaches:
        return
    raise OutOfReach(
        f"the agent {agent.name} cannot reach hosts by {reach.way}",
        remedy=Remedy(
            "On its host install what that takes and start it again, or give the target another agent.",
            "pip install 'stella-ops[reach]'",
        ),
        agent=agent.id,
        way=reach.way,
    )


def _trusted_agent(tx: Tx, name: str) -> Agent:
    agent = find_agent_by_name(tx, name)
    if agent is None:
        raise unknown_agent(name)
    if agent.state is AgentState.REVOKED:
        raise RevokedAgent(
            f"the agent {name} was revoked: {agent.revoked_reason}",
            remedy=Remedy("Enrol it again, or give the target another agent."),
            agent=agent.id,
        )
    return agent
