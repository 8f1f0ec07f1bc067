"""Deployments, their logs and artifacts; the matrix."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Query, Response

from stella.api.asked import Viewer
from stella.api.looking import Cursor, Limit, after_of, look, one_of, page
from stella.api.views.base import Page
from stella.api.views.deployments import DeploymentView, LogLineView, deployment_view
from stella.api.views.matrix import MatrixView, matrix_view
from stella.deployment.lifecycle import DeploymentState
from stella.deployment.store import find_artifact, find_deployment, list_deployments
from stella.fleet import read_log
from stella.kernel import Digest, parse_time, time_text
from stella.record import Tx

router = APIRouter(tags=["deployments"])

_SEQ_MAX = 2**53

LogAfter: TypeAlias = Annotated[int, Query(ge=0, le=_SEQ_MAX, description="A line's seq.")]
LogLimit: TypeAlias = Annotated[int, Query(ge=1, le=5000)]


@router.get("/deployments")
def get_deployments(
    asked: Viewer,
    *,
    environment: str | None = None,
    state: Annotated[str | None, Query(description="Comma between several.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeploymentView]:
    """Deployments, the newest first."""
    wanted = one_of("state", state, DeploymentState)
    states = None if wanted is None else frozenset(map(DeploymentState, wanted))
    with asked.read() as tx:
        looking = look(asked, tx)
        rows = list_deployments(
            tx,
            environment=environment,
            states=states,
            after=after_of(cursor),
            limit=limit,
        )
        return page(rows, limit, lambda one: deployment_view(looking, one), lambda one: one.id)


@router.get("/deployments/{deployment}")
def get_deployment(asked: Viewer, deployment: str) -> DeploymentView:
    """One deployment."""
    with asked.read() as tx:
        return deployment_view(look(asked, tx), find_deployment(tx, deployment))


@router.get("/deployments/{deployment}/log")
def get_log(
    asked: Viewer,
    deployment: str,
    *,
    after: LogAfter = 0,
    target: str | None = None,
    limit: LogLimit = 1000,
) -> Page[LogLineView]:
    """What the agents printed after a line; ``next`` is the seq to go on after."""
    with asked.read() as tx:
        find_deployment(tx, deployment)
        return log_page(tx, deployment, after, target, limit)


def log_page(tx: Tx, whole: str, after: int, target: str | None, limit: int) -> Page[LogLineView]:
    """Lines of a deployment or a take-down."""
    lines = read_log(tx, whole, after=after, target=target, limit=limit)
    return Page(
        items=[
            LogLineView(seq=one.seq, target=one.target, at=time_text(one.at), line=one.line)
            for one in lines
        ],
        next=str(lines[-1].seq) if len(lines) == limit else None,
    )


@router.get(
    "/artifacts/{digest}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def get_artifact(asked: Viewer, digest: str) -> Response:
    """A generated artifact, byte for byte."""
    with asked.read() as tx:
        found = find_artifact(tx, digest)
    return Response(
        asked.services.blobs.get(Digest(found.digest)),
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{found.name}"'},
    )


@router.get("/matrix")
def get_matrix(
    asked: Viewer, at: Annotated[str | None, Query(description="As of this time.")] = None
) -> MatrixView:
    """Which release of which component runs where."""
    moment = None if at is None else time_text(parse_time(at))
    with asked.read() as tx:
        return matrix_view(look(asked, tx), moment)
