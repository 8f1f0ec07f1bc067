"""Environments, their targets, freeze windows and holds; policies."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from stella.api.asked import Asked, Viewer
from stella.api.looking import (
    Freezer,
    Limit,
    Operator,
    asking_person,
    look,
)
from stella.api.views.base import Body, Page, View
from stella.api.views.environments import (
    EnvironmentView,
    FreezeView,
    TargetConfigView,
    environment_view,
    freeze_view,
    target_view,
)
from stella.api.views.promotions import PromotionView, promotion_view
from stella.environment.freeze import begin_freeze, end_freeze
from stella.environment.hold import hold_environment, resume_environment
from stella.environment.store import (
    find_environment,
    list_environments,
    list_freezes,
    list_targets,
)
from stella.kernel import parse_time
from stella.policy.store import find_policy, list_policies
from stella.promotion.queue import queue_of
from stella.promotion.request import request_rollback
from stella.record import Tx

router = APIRouter(tags=["environments"])


class NewFreeze(Body):
    """A window in which nothing goes in. starts_at: now where it is left out."""

    environment: str
    ends_at: str
    reason: str
    starts_at: str | None = None


class Reason(Body):
    """Why."""

    reason: str


class Rollback(Body):
    """The way back. release: an earlier one that ran here; the one before where it is left out.

    change_ticket: its key, or INTEGRATION:KEY.
    """

    reason: str
    release: str | None = None
    change_ticket: Annotated[str, Field(max_length=200)] = ""


class PolicyView(View):
    """A policy pack: the bundle that its name stands for now."""

    name: str
    digest: str
    files: dict[str, str]


@router.get("/environments")
def get_environments(asked: Viewer) -> Page[EnvironmentView]:
    """Environments, each after the one it follows."""
    with asked.read() as tx:
        looking = look(asked, tx)
        listed = list_environments(tx)
        return Page(
            items=[environment_view(looking, one, order) for order, one in enumerate(listed)]
        )


@router.get("/environments/{name}")
def get_environment(asked: Viewer, name: str) -> EnvironmentView:
    """One environment."""
    with asked.read() as tx:
        return _shown(asked, tx, name)


def _shown(asked: Asked, tx: Tx, name: str) -> EnvironmentView:
    found = find_environment(tx, name)
    order = [one.name for one in list_environments(tx)].index(found.name)
    return environment_view(look(asked, tx), found, order)


@router.get("/environments/{name}/queue")
def get_queue(asked: Viewer, name: str, limit: Limit = 50) -> Page[PromotionView]:
    """What waits for its turn there, the next one first."""
    with asked.read() as tx:
        looking = look(asked, tx)
        find_environment(tx, name)
        return Page(items=[promotion_view(looking, one) for one in queue_of(tx, name, limit)])


@router.post("/environments/{name}/hold", response_model=EnvironmentView)
def post_hold(asked: Operator, name: str, body: Reason) -> Response:
    """Let nothing go into it by itself; what people ask for still does."""

    def do(tx: Tx) -> EnvironmentView:
        hold_environment(tx, name, body.reason)
        return _shown(asked, tx, name)

    return asked.once(do)


@router.post("/environments/{name}/resume", response_model=EnvironmentView)
def post_resumption(asked: Operator, name: str, body: Reason) -> Response:
    """End its hold; what is automatic goes on from what runs in the environment before."""

    def do(tx: Tx) -> EnvironmentView:
        resume_environment(tx, name, body.reason)
        return _shown(asked, tx, name)

    return asked.once(do)


@router.post("/environments/{name}/rollback", status_code=201, response_model=PromotionView)
def post_rollback(asked: Operator, name: str, body: Rollback) -> Response:
    """Ask for what ran before; the gates judge it, and the same road leads back."""

    def do(tx: Tx) -> PromotionView:
        made = request_rollback(
            tx,
            asking_person(asked),
            environment=name,
            reason=body.reason,
            release=body.release,
            change_ticket=body.change_ticket,
        )
        return promotion_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.get("/targets")
def get_targets(asked: Viewer, environment: str | None = None) -> Page[TargetConfigView]:
    """Targets, by name."""
    with asked.read() as tx:
        looking = look(asked, tx)
        return Page(items=[target_view(looking, one) for one in list_targets(tx, environment)])


@router.get("/freezes")
def get_freezes(asked: Viewer, environment: str | None = None) -> Page[FreezeView]:
    """Freeze windows, the newest first."""
    with asked.read() as tx:
        looking = look(asked, tx)
        return Page(items=[freeze_view(looking, one) for one in list_freezes(tx, environment)])


@router.post("/freezes", status_code=201, response_model=FreezeView)
def post_freeze(asked: Freezer, body: NewFreeze) -> Response:
    """Freeze an environment for a time."""
    starts_at: datetime | None = None if body.starts_at is None else parse_time(body.starts_at)
    ends_at = parse_time(body.ends_at)

    def do(tx: Tx) -> FreezeView:
        made = begin_freeze(
            tx, body.environment, ends_at=ends_at, reason=body.reason, starts_at=starts_at
        )
        return freeze_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.post("/freezes/{freeze}/end", response_model=FreezeView)
def post_freeze_end(asked: Freezer, freeze: str, body: Reason) -> Response:
    """End a freeze before its time."""
    return asked.once(lambda tx: freeze_view(look(asked, tx), end_freeze(tx, freeze, body.reason)))


@router.get("/policies")
def get_policies(asked: Viewer) -> Page[PolicyView]:
    """Policy packs, by name."""
    with asked.read() as tx:
        packs = list_policies(tx, asked.services.blobs)
    return Page(
        items=[
            PolicyView(name=name, digest=pack.digest.text, files=dict(pack.files))
            for name, pack in packs.items()
        ]
    )


@router.get("/policies/{name}")
def get_policy(asked: Viewer, name: str) -> PolicyView:
    """One policy pack."""
    with asked.read() as tx:
        pack = find_policy(tx, asked.services.blobs, name)
    return PolicyView(name=name, digest=pack.digest.text, files=dict(pack.files))
