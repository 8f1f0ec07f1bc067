"""Whose turn is it? One deployment at a time goes into an environment; what else may go waits in line."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from stella.promotion.facts import PromotionQueued, PromotionSuperseded
from stella.promotion.lifecycle import NOT_BEGUN, Event, State
from stella.promotion.store import (
    Promotion,
    find_promotion,
    list_promotions,
    promotion,
    promotion_of_row,
    update_promotion,
)
from stella.record.transaction import Tx
from stella.release.model import Release
from stella.release.store import release as release_table

_DEPLOYING = frozenset({State.DEPLOYING})


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a queue, from 1 on. behind: what is being deployed; None where it ends just now."""

    position: int
    behind: Promotion | None


def now_deploying(tx: Tx, environment: str) -> Promotion | None:
    """What is being deployed there, if anything is."""
    found = list_promotions(tx, environment=environment, states=_DEPLOYING, limit=1)
    return found[0] if found else None


def queue_of(tx: Tx, environment: str, limit: int) -> tuple[Promotion, ...]:
    """What waits for its turn there, the next one first."""
    query = _queued(tx, environment).order_by(promotion.c.rank, promotion.c.id).limit(limit)
    return tuple(promotion_of_row(row) for row in tx.rows(query))


def standing_queues(tx: Tx) -> tuple[str, ...]:
    """The environments in which something waits for its turn and nothing is being deployed."""
    busy = _environments(tx, State.DEPLOYING)
    waiting = _environments(tx, State.QUEUED).where(promotion.c.environment.not_in(busy))
    return tuple(row["environment"] for row in tx.rows(waiting.order_by(promotion.c.environment)))


def place_of(tx: Tx, queued: Promotion) -> Place:
    """Where it stands in its environment's queue."""
    before = or_(
        promotion.c.rank < queued.rank.value,
        and_(promotion.c.rank == queued.rank.value, promotion.c.id < queued.id),
    )
    ahead = _queued(tx, queued.environment).where(before)
    return Place(_count(tx, ahead) + 1, now_deploying(tx, queued.environment))


def waiting_there(tx: Tx, environment: str) -> int:
    """How many requests for it have not begun."""
    return _count(tx, _in_states(tx, environment, NOT_BEGUN))


def join_queue(tx: Tx, approved: Promotion) -> Promotion:
    """Let it wait for its turn; the caller holds it and its environment. Raises IllegalMove."""
    before = now_deploying(tx, approved.environment)
    after = approved.moved(Event.QUEUE)
    update_promotion(tx, after)
    tx.add(PromotionQueued(after.id, after.environment, before.id if before else None))
    return after


def supersede_older(tx: Tx, newer: Promotion, release: Release) -> tuple[str, ...]:
    """End what was asked for before, of releases of the same name, and has not begun; its ids.

    The caller holds the environment, so that nothing begins meanwhile.
    """
    older = (
        _in_states(tx, newer.environment, NOT_BEGUN)
        .join(release_table, release_table.c.id == promotion.c.release)
        .where(release_table.c.name == release.name, promotion.c.id != newer.id)
    )
    if newer.is_automatic:  # what a person asked for is ended by people alone
        older = older.where(promotion.c.follows.is_not(None))
    ended = []
    for row in tx.rows(older.order_by(promotion.c.id)):
        found = find_promotion(tx, row["id"], lock=True)
        if found.state not in NOT_BEGUN:
            continue  # somebody ended it just now
        after = replace(found.moved(Event.SUPERSEDE), superseded_by=newer.id)
        update_promotion(tx, after)
        message = f"{release.name} {release.version} was asked for ({newer.id})"
        tx.add(PromotionSuperseded(after.id, after.environment, newer.id, message))
        ended.append(after.id)
    return tuple(ended)


def _queued(tx: Tx, environment: str) -> Select[Any]:
    return _in_states(tx, environment, (State.QUEUED,))


def _in_states(tx: Tx, environment: str, states: tuple[State, ...]) -> Select[Any]:
    return select(promotion).where(
        promotion.c.tenant == tx.tenant,
        promotion.c.environment == environment,
        promotion.c.state.in_([one.value for one in states]),
    )


def _environments(tx: Tx, state: State) -> Select[Any]:
    """Those with a promotion in that state."""
    query = select(promotion.c.environment).distinct()
    return query.where(promotion.c.tenant == tx.tenant, promotion.c.state == state.value)


def _count(tx: Tx, query: Select[Any]) -> int:
    row = tx.row(query.with_only_columns(func.count().label("count")))
    return 0 if row is None else int(row["count"])
