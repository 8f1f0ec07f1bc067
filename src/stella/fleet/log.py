"""What agents print while they work, line by line, in one order per deployment."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from stella.fleet.errors import ReportTooLarge
from stella.fleet.model import Agent, Order
from stella.fleet.orders import held_order
from stella.fleet.store import deployment_log, deployment_log_head
from stella.kernel import Remedy, time_text
from stella.record import Tx

LINES_MAX = 20_000
LINE_LENGTH_MAX = 4_000


def append_log(
    tx: Tx,
    agent: Agent,
    order_id: str,
    fence: int,
    *,
    seq: int,
    lines: Sequence[tuple[datetime, str]],
) -> int:
    """Add ``lines``, the first being number ``seq`` of this order under this fence, from 1.

    Lines that are there already are left as they are; the number of the next one expected.
    Raises UnknownOrder, NotYourOrder, StaleFence, OrderIsOver, ReportTooLarge.
    """
    order = held_order(tx, agent, order_id, fence)
    if seq + len(lines) > LINES_MAX + 1:
        raise ReportTooLarge(
            f"an order's log ends at {LINES_MAX} lines",
            remedy=Remedy("Print less."),
            order=order_id,
        )
    there = deployment_log.c
    last = tx.connection.execute(
        select(func.max(there.order_seq)).where(there.order_id == order_id, there.fence == fence)
    ).scalar_one()
    known = int(last or 0)
    fresh = [(number, at, line) for number, (at, line) in enumerate(lines, seq) if number > known]
    if fresh:
        _insert(tx, order, fence, fresh)
    return max(known, seq + len(lines) - 1) + 1


def _insert(tx: Tx, order: Order, fence: int, fresh: Sequence[tuple[int, datetime, str]]) -> None:
    first = _places(tx, order.deployment, len(fresh))
    tx.connection.execute(
        deployment_log.insert(),
        [
            {
                "tenant": tx.tenant,
                "deployment": order.deployment,
                "seq": first + index,
                "order_id": order.id,
                "fence": fence,
                "order_seq": number,
                "target": order.target,
                "at": time_text(at),
                # PostgreSQL's text holds no NUL.
                "line": line.replace("\0", "")[:LINE_LENGTH_MAX],
            }
            for index, (number, at, line) in enumerate(fresh)
        ],
    )


def _places(tx: Tx, deployment: str, count: int) -> int:
    """Reserve ``count`` places in the deployment's log, under its lock: the first of them."""
    head = deployment_log_head.c
    mine = (head.tenant == tx.tenant) & (head.deployment == deployment)
    query = select(head.seq).where(mine).with_for_update()
    row = tx.row(query)
    if row is None:
        try:
            with tx.connection.begin_nested():
                tx.connection.execute(
                    deployment_log_head.insert(),
                    {"tenant": tx.tenant, "deployment": deployment, "seq": count},
                )
        except IntegrityError:
            row = tx.row(query)
        else:
            return 1
    assert row is not None, "a log's head that another transaction has just made is gone"
    used: int = row["seq"]
    tx.connection.execute(deployment_log_head.update().where(mine), {"seq": used + count})
    return used + 1
