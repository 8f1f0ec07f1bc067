"""The tables of promotions and of the approvals given to them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
    func,
    or_,
    select,
)

from stella.environment.emptied import emptied_after
from stella.kernel import Remedy
from stella.promotion.errors import PlanHasChanged, UnknownPromotion
from stella.promotion.lifecycle import ACTIVE, NOT_BEGUN, PROMOTION, Event, State
from stella.promotion.model import (
    OnCallInput,
    Person,
    Rank,
    on_call_of,
    on_call_text,
    person_of,
    person_text,
)
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import AnySelect, Tx

promotion = Table(
    "promotion",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("release", String(40), nullable=False),
    Column("release_digest", String(71), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", String(27), nullable=False),
    Column("reason", Text, nullable=False),
    Column("rollback", Boolean, nullable=False),
    Column("plan_digest", String(71)),
    Column("input", String(71)),
    Column("record", String(71)),
    Column("bundle", String(71)),
    Column("plan", String(71)),
    Column("deployment", String(40)),
    Column("due_at", String(27)),
    Column("not_before", String(27)),
    Column("not_after", String(27)),
    Column("expires_at", String(27)),
    Column("rank", Integer, nullable=False),
    Column("superseded_by", String(40)),
    Column("follows", String(40)),
    Column("hotfix", Boolean, nullable=False, server_default=false()),
    # A queue is read in its order, however long it is.
    Index(None, "environment", "state", "rank", "id"),
    Index(None, "environment", "state", "deployment"),
    Index(None, "release_digest", "environment"),
    Index(None, "due_at"),
    Index(None, "release"),
)

approval = Table(
    "approval",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("promotion", String(40), nullable=False),
    Column("by", Text, nullable=False),
    Column("at", String(27), nullable=False),
    Column("comment", Text, nullable=False),
    Column("plan_digest", String(71), nullable=False),
    Column("bundle", String(71), nullable=False),
    Column("stands_for", Text),
    Column("proven_at", String(27)),
    Column("on_call", Text),
    Index(None, "promotion"),
)

_PAGE = 500
_IS_ACTIVE = promotion.c.state.in_(sorted(state.value for state in ACTIVE))


@dataclass(frozen=True, slots=True)
class Promotion:
    """One request to bring a release into an environment.

    input, record, bundle: digests of what was last decided on, of the decision record, and of the
    record's signed statement. plan: digest of the deployment plan. All None until it was judged.
    due_at: when it is judged again by itself, or expires; None where it waits for no time. not_before,
    not_after: when its deployment may begin; None where it may at any time. expires_at: when it ends
    by itself where its deployment has not begun; None for never. superseded_by: the request that took
    its place. follows: the deployment that it follows by itself; None where a person asked. hotfix:
    whether who asked wants phases of its lifecycle left out.
    """

    id: str
    release: str
    release_digest: str
    environment: str
    state: State
    requested_by: Person
    requested_at: str
    reason: str
    rollback: bool
    plan_digest: str | None = None
    input: str | None = None
    record: str | None = None
    bundle: str | None = None
    plan: str | None = None
    deployment: str | None = None
    due_at: str | None = None
    not_before: str | None = None
    not_after: str | None = None
    expires_at: str | None = None
    rank: Rank = Rank.NORMAL
    superseded_by: str | None = None
    follows: str | None = None
    hotfix: bool = False

    @property
    def is_automatic(self) -> bool:
        """Whether nobody asked for it."""
        return self.follows is not None

    def moved(self, event: Event) -> "Promotion":
        """After ``event``; what has begun or ended waits for no time. Raises IllegalMove."""
        state = PROMOTION.next(self.state, event)
        return replace(self, state=state, due_at=self.due_at if state in NOT_BEGUN else None)


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to one plan. bundle: digest of its signed statement.

    stands_for: the absent one in whose place it was given; None where it is their own word.
    proven_at: when who gave it last proved who they are; None where nobody asked for that.
    on_call: the schedules that asked for it, by which whose word it is was on call then.
    """

    id: str
    promotion: str
    by: Person
    at: str
    comment: str
    plan_digest: str
    bundle: str
    stands_for: Person | None = None
    proven_at: str | None = None
    on_call: tuple[OnCallInput, ...] = ()


def insert_promotion(tx: Tx, value: Promotion) -> None:
    """A new row."""
    tx.connection.execute(promotion.insert(), {"tenant": tx.tenant, **_columns(value)})


def update_promotion(tx: Tx, value: Promotion) -> None:
    """The row of ``value.id`` as ``value`` says; the caller holds it by ``find_promotion(lock=True)``."""
    tx.connection.execute(
        promotion.update().where(promotion.c.tenant == tx.tenant, promotion.c.id == value.id),
        _columns(value),
    )


def find_promotion(tx: Tx, promotion_id: str, *, lock: bool = False) -> Promotion:
    """Raises UnknownPromotion."""
    query = select(promotion).where(promotion.c.tenant == tx.tenant, promotion.c.id == promotion_id)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownPromotion(
            f"there is no promotion {promotion_id[:60]!r}",
            remedy=Remedy("List them.", command="stella promotion list"),
            promotion=promotion_id[:60],
        )
    return promotion_of_row(row)


def refuse_other_plan(found: Promotion, plan_digest: str) -> None:
    """Return where that is its plan still. Raises PlanHasChanged."""
    if plan_digest != found.plan_digest:
        raise PlanHasChanged(
            f"the plan of {found.id} is {found.plan_digest} now, not {plan_digest}",
            remedy=Remedy("Look at it again.", command=f"stella why {found.id}"),
            wanted=found.plan_digest,
            given=plan_digest,
        )


def list_promotions(
    tx: Tx,
    *,
    environment: str | None = None,
    release: str | None = None,
    states: frozenset[State] | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[Promotion, ...]:
    """The newest first; ``after`` is the last id of the page before."""
    query = select(promotion).where(promotion.c.tenant == tx.tenant)
    if environment is not None:
        query = query.where(promotion.c.environment == environment)
    if release is not None:
        query = query.where(promotion.c.release == release)
    if states is not None:
        query = query.where(promotion.c.state.in_(sorted(state.value for state in states)))
    if after is not None:
        query = query.where(promotion.c.id < after)
    rows = tx.rows(query.order_by(promotion.c.id.desc()).limit(limit))
    return tuple(promotion_of_row(row) for row in rows)


def count_promotions(tx: Tx, *, environment: str | None = None, after: str | None = None) -> int:
    """How many ``list_promotions`` would give, with no limit."""
    query = select(func.count()).select_from(promotion).where(promotion.c.tenant == tx.tenant)
    if environment is not None:
        query = query.where(promotion.c.environment == environment)
    if after is not None:
        query = query.where(promotion.c.id < after)
    return int(tx.connection.execute(query).scalar_one())


def every_promotion(
    tx: Tx, *, states: frozenset[State], environment: str | None = None, release: str | None = None
) -> Iterator[Promotion]:
    """All of them, the newest first, however many there are."""
    after: str | None = None
    while True:
        page = list_promotions(
            tx, environment=environment, release=release, states=states, after=after, limit=_PAGE
        )
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].id


def due_promotions(tx: Tx, now: str, limit: int) -> tuple[Promotion, ...]:
    """What is to be judged again, the longest due first."""
    query = select(promotion).where(promotion.c.tenant == tx.tenant, promotion.c.due_at <= now)
    return tuple(
        promotion_of_row(row) for row in tx.rows(query.order_by(promotion.c.due_at).limit(limit))
    )


def succeeded(tx: Tx, *, release_digest: str, environment: str) -> Promotion | None:
    """The last promotion by which exactly these digests came to run in ``environment``."""
    query = _of_digests(tx, environment, release_digest)
    return _last(tx, query.where(promotion.c.state == State.DEPLOYED.value))


def under_way(tx: Tx, environment: str, release_digest: str) -> tuple[Promotion, ...]:
    """What would bring exactly these digests there and has not ended."""
    query = _of_digests(tx, environment, release_digest).where(_IS_ACTIVE)
    return tuple(promotion_of_row(row) for row in tx.rows(query.order_by(promotion.c.id)))


def standings(
    tx: Tx, release_digest: str, environments: Collection[str]
) -> tuple[dict[str, Promotion], dict[str, Promotion]]:
    """``succeeded``, and the first that is ``under_way``, by environment: all of them asked at once."""
    query = select(promotion).where(
        promotion.c.tenant == tx.tenant,
        promotion.c.environment.in_(sorted(environments)),
        promotion.c.release_digest == release_digest,
        or_(promotion.c.state == State.DEPLOYED.value, _IS_ACTIVE),
    )
    done: dict[str, Promotion] = {}
    coming: dict[str, Promotion] = {}
    for row in tx.rows(query.order_by(promotion.c.id)):
        one = promotion_of_row(row)
        if one.state is State.DEPLOYED:
            done[one.environment] = one
        else:
            coming.setdefault(one.environment, one)
    return done, coming


def deployed_before(tx: Tx, environment: str, limit: int = 50) -> tuple[Promotion, ...]:
    """What came to run in ``environment``, the last first: in the order of its deployments.

    Who asked later may have gone first.
    """
    query = select(promotion).where(
        promotion.c.tenant == tx.tenant,
        promotion.c.environment == environment,
        promotion.c.state == State.DEPLOYED.value,
    )
    rows = tx.rows(query.order_by(promotion.c.deployment.desc()).limit(limit))
    return tuple(promotion_of_row(row) for row in rows)


def running_in(tx: Tx, environment: str) -> Promotion | None:
    """By which what runs there came to run there; None where nothing does."""
    found = deployed_before(tx, environment, limit=1)
    if not found or (found[0].deployment or "") <= emptied_after(tx, environment):
        return None
    return found[0]


def promotion_of(tx: Tx, deployment: str) -> Promotion | None:
    """The promotion that led to a deployment."""
    table = promotion.c
    query = select(promotion).where(table.tenant == tx.tenant, table.deployment == deployment)
    row = tx.row(query)
    return None if row is None else promotion_of_row(row)


def last_request(tx: Tx, environment: str, release_digest: str) -> Promotion | None:
    """The last time that exactly these digests were asked for there."""
    return _last(tx, _of_digests(tx, environment, release_digest))


def is_newer_under_way(tx: Tx, environment: str, release: str) -> bool:
    """Whether a release that was made later than ``release``, an id, is on its way there."""
    query = select(promotion.c.id).where(
        promotion.c.tenant == tx.tenant,
        promotion.c.environment == environment,
        _IS_ACTIVE,
        promotion.c.release > release,
    )
    return tx.row(query.limit(1)) is not None


def is_rollback_under_way(tx: Tx, environment: str) -> bool:
    """Whether a way back there was asked for and has not ended."""
    query = _rollbacks(tx, environment).where(_IS_ACTIVE)
    return tx.row(query.limit(1)) is not None


def last_rollback_begun(tx: Tx, environment: str) -> Promotion | None:
    """The last way back there of which the deployment began, however it ended."""
    query = _rollbacks(tx, environment).where(promotion.c.deployment.is_not(None))
    row = tx.row(query.order_by(promotion.c.deployment.desc()).limit(1))
    return None if row is None else promotion_of_row(row)


def _of_digests(tx: Tx, environment: str, release_digest: str) -> AnySelect:
    return select(promotion).where(
        promotion.c.tenant == tx.tenant,
        promotion.c.environment == environment,
        promotion.c.release_digest == release_digest,
    )


def _last(tx: Tx, query: AnySelect) -> Promotion | None:
    row = tx.row(query.order_by(promotion.c.id.desc()).limit(1))
    return None if row is None else promotion_of_row(row)


def _rollbacks(tx: Tx, environment: str) -> AnySelect:
    return select(promotion).where(
        promotion.c.tenant == tx.tenant,
        promotion.c.environment == environment,
        promotion.c.rollback.is_(True),
    )


def insert_approval(tx: Tx, value: Approval) -> None:
    """A new row; approvals are never changed."""
    tx.connection.execute(
        approval.insert(),
        {
            "id": value.id,
            "tenant": tx.tenant,
            "promotion": value.promotion,
            "by": person_text(value.by),
            "at": value.at,
            "comment": value.comment,
            "plan_digest": value.plan_digest,
            "bundle": value.bundle,
            "stands_for": person_text(value.stands_for) if value.stands_for else None,
            "proven_at": value.proven_at,
            "on_call": on_call_text(value.on_call),
        },
    )


def list_approvals(tx: Tx, promotion_id: str) -> tuple[Approval, ...]:
    """In the order they were given."""
    query = select(approval).where(
        approval.c.tenant == tx.tenant, approval.c.promotion == promotion_id
    )
    return tuple(
        Approval(
            id=row["id"],
            promotion=row["promotion"],
            by=person_of(row["by"]),
            at=row["at"],
            comment=row["comment"],
            plan_digest=row["plan_digest"],
            bundle=row["bundle"],
            stands_for=person_of(row["stands_for"]) if row["stands_for"] else None,
            proven_at=row["proven_at"],
            on_call=on_call_of(row["on_call"]),
        )
        for row in tx.rows(query.order_by(approval.c.id))
    )


def _columns(value: Promotion) -> dict[str, Any]:
    return columns_of(
        value,
        state=value.state.value,
        requested_by=person_text(value.requested_by),
        rank=value.rank.value,
    )


def promotion_of_row(row: Any) -> Promotion:
    """The promotion that a row of the table holds."""
    values = fields_of(row)
    values["state"] = State(values["state"])
    values["hotfix"] = bool(values["hotfix"])
    values["rank"] = Rank(values["rank"])
    values["requested_by"] = person_of(values["requested_by"])
    return Promotion(**values)
