"""Take away what runs in an environment: shown beforehand, then done, then looked at."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from stella.api.asked import Viewer
from stella.api.looking import Cursor, Limit, Operator, after_of, asking_person, look, page
from stella.api.routes.deployments import LogAfter, LogLimit, log_page
from stella.api.views.base import Body, Page
from stella.api.views.deployments import LogLineView
from stella.api.views.take_downs import (
    ForeseenView,
    TakeDownView,
    foreseen_view,
    take_down_view,
)
from stella.deployment.take_down.begin import begin_take_down, foresee_take_down
from stella.deployment.take_down.store import find_take_down, list_take_downs
from stella.record import Tx

router = APIRouter(tags=["deployments"])


class NewTakeDown(Body):
    """Why, and of what was shown: plan_digest of the preview, so that nothing else goes than was seen."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]
    plan_digest: Annotated[str | None, Field(max_length=71)] = None


@router.get("/environments/{name}/take-down")
def get_foreseen(asked: Viewer, name: str) -> ForeseenView:
    """What a take-down of what runs there would do now, and what is against it."""
    with asked.read() as tx:
        foreseen = foresee_take_down(tx, asking_person(asked), name, asked.services.removing)
    return foreseen_view(name, foreseen)


@router.post("/environments/{name}/take-down", status_code=201, response_model=TakeDownView)
def post_take_down(asked: Operator, name: str, body: NewTakeDown) -> Response:
    """Take away what runs there. It is refused while a freeze holds or people have to approve what
    goes in, and while something goes in or away.
    """

    def do(tx: Tx) -> TakeDownView:
        made = begin_take_down(
            tx,
            asking_person(asked),
            name,
            asked.services.removing,
            reason=body.reason,
            plan_digest=body.plan_digest,
        )
        return take_down_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.get("/take-downs")
def get_take_downs(
    asked: Viewer,
    *,
    environment: Annotated[str | None, Query(description="Only there.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TakeDownView]:
    """Take-downs, the newest first; also of environments that have ended since."""
    with asked.read() as tx:
        looking = look(asked, tx)
        rows = list_take_downs(tx, environment, after=after_of(cursor), limit=limit)
        return page(rows, limit, lambda one: take_down_view(looking, one), lambda one: one.id)


@router.get("/take-downs/{take_down}")
def get_take_down(asked: Viewer, take_down: str) -> TakeDownView:
    """One take-down."""
    with asked.read() as tx:
        return take_down_view(look(asked, tx), find_take_down(tx, take_down))


@router.get("/take-downs/{take_down}/log")
def get_take_down_log(
    asked: Viewer,
    take_down: str,
    *,
    after: LogAfter = 0,
    target: str | None = None,
    limit: LogLimit = 1000,
) -> Page[LogLineView]:
    """What the agents printed after a line; ``next`` is the seq to go on after."""
    with asked.read() as tx:
        find_take_down(tx, take_down)
        return log_page(tx, take_down, after, target, limit)
