"""Variables of deployments, and the revisions of releases that carry them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from stella.api.asked import Viewer
from stella.api.looking import Cursor, Developer, Limit, after_of, look, page
from stella.api.views.base import Body, Page, malformed_cursor
from stella.api.views.releases import ReleaseView, release_view
from stella.api.views.variables import (
    RevisionView,
    VariableSetView,
    VariablesPreview,
    preview,
    revision_view,
    variable_view,
)
from stella.record import Tx
from stella.release.revise import revise_release
from stella.release.store import find_release, list_revisions
from stella.release.variables.sets import list_variable_sets

router = APIRouter(tags=["variables"])


class NewRevision(Body):
    """Which variables a release takes. like: those of that revision; left out: those of now."""

    reason: str
    like: int | None = None


@router.get("/variables")
def get_variables(asked: Viewer) -> Page[VariableSetView]:
    """Documents of variables as they are applied now, by name."""
    with asked.read() as tx:
        return Page(
            items=[
                VariableSetView(name=name, variables=[variable_view(one) for one in listed])
                for name, listed in list_variable_sets(tx).items()
            ]
        )


@router.get("/releases/{release}/revisions")
def get_revisions(
    asked: Viewer,
    release: str,
    *,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[RevisionView]:
    """With which variables a release was to be deployed, the last first."""
    after = after_of(cursor)
    if after is not None and not after.isdecimal():
        raise malformed_cursor()
    with asked.read() as tx:
        before = None if after is None else int(after)
        found = list_revisions(tx, find_release(tx, release).id, before=before, limit=limit)
        looking = look(asked, tx)
        return page(
            found, limit, lambda one: revision_view(looking, one), lambda one: str(one.number)
        )


@router.post("/releases/{release}/revisions", status_code=201, response_model=ReleaseView)
def post_revision(asked: Developer, release: str, body: NewRevision) -> Response:
    """Give it the variables of now, or of an earlier revision. Approvals of its old plans count no more."""

    def do(tx: Tx) -> ReleaseView:
        revised = revise_release(tx, release, reason=body.reason, like=body.like)
        return release_view(look(asked, tx), revised)

    return asked.once(do, status=201)


@router.get("/releases/{release}/variables")
def get_preview(
    asked: Viewer,
    release: str,
    environment: Annotated[str, Query(description="Where it would be deployed.")],
    *,
    target: Annotated[str | None, Query(description="On which of its targets.")] = None,
    component: Annotated[str | None, Query(description="For which component.")] = None,
) -> VariablesPreview:
    """What its variables say at a place: which won, and why."""
    with asked.read() as tx:
        found = find_release(tx, release)
        return preview(look(asked, tx), found, environment, target, component)
