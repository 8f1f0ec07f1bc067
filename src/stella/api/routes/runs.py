"""Runs of workflows."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from stella.api.asked import Viewer
from stella.api.looking import Cursor, Limit, Runner, after_of, look, one_of, page
from stella.api.views.base import Body, Page
from stella.api.views.workflows import RunLineView, RunView, line_view, run_view, speaker_of
from stella.identity import Permission
from stella.record import Tx
from stella.workflow.run.decide import claim, decide
from stella.workflow.run.lifecycle import RunState
from stella.workflow.run.request import REASON_CHARACTERS_MAX, cancel_run, run_again
from stella.workflow.run.store import find_run, list_runs, list_workflows

router = APIRouter(prefix="/runs", tags=["workflows"])


class RunReason(Body):
    """Why."""

    reason: Annotated[str, Field(max_length=REASON_CHARACTERS_MAX)] = ""


class RunAgain(Body):
    """since: a step from which everything is done anew; null: what did not succeed, and what follows."""

    since: str | None = None


class StepWord(Body):
    """What somebody says of a step that waits for them. values: of a form."""

    step: str
    action: Literal["approve", "reject", "answer", "retry", "skip", "fail"]
    comment: Annotated[str, Field(max_length=1000)] = ""
    values: dict[str, Any] = Field(default_factory=dict)


class StepClaim(Body):
    """Who asks looks after that step; give_back: no more."""

    step: str
    give_back: bool = False


@router.get("")
def get_runs(
    asked: Viewer,
    *,
    workflow: str | None = None,
    state: Annotated[str | None, Query(description="Of which state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RunLineView]:
    """Runs, the newest first."""
    one_of("state", state, RunState)
    with asked.read() as tx:
        looking = look(asked, tx)
        rows = list_runs(tx, of=workflow, state=state, before=after_of(cursor), limit=limit)
        return page(rows, limit, lambda one: line_view(looking, one), lambda one: one.id)


@router.get("/{run}")
def get_run(asked: Viewer, run: str) -> RunView:
    """One run, with its steps."""
    with asked.read() as tx:
        return run_view(look(asked, tx), find_run(tx, run))


@router.post("/{run}/cancel", response_model=RunView)
def post_run_cancel(asked: Runner, run: str, body: RunReason) -> Response:
    """Begin nothing new in it; what runs may end, then is taken back what says so.

    Whoever started it may, and whoever operates deployments.
    """
    with asked.read() as tx:
        is_own = find_run(tx, run).by == asked.principal.id
    if not is_own:
        asked.must(Permission.DEPLOYMENT_OPERATE, f"POST /runs/{run[:60]}/cancel")

    def do(tx: Tx) -> RunView:
        return run_view(look(asked, tx), cancel_run(tx, run, body.reason))

    return asked.once(do)


@router.post("/{run}/again", status_code=201, response_model=RunView)
def post_run_again(asked: Runner, run: str, body: RunAgain) -> Response:
    """A new run with the same inputs, that keeps what went well in one that has ended.

    By another version than new runs follow it is done by whoever may change environments.
    """
    kinds = asked.services.kinds()
    with asked.read() as tx:
        before = find_run(tx, run)
        is_current = list_workflows(tx).get(before.workflow) == before.version
    if not is_current:
        asked.must(Permission.ENVIRONMENT_CHANGE, f"POST /runs/{run[:60]}/again")

    def do(tx: Tx) -> RunView:
        roles = tuple(role.value for role in asked.principal.roles)
        made = run_again(tx, kinds, run, roles=roles, since=body.since)
        return run_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.post("/{run}/decide", response_model=RunView)
def post_step_word(asked: Viewer, run: str, body: StepWord) -> Response:
    """Approve, answer, or say what follows a failure; whom a step asks for may, whatever their role."""

    def do(tx: Tx) -> RunView:
        looking = look(asked, tx)
        decide(
            tx,
            run,
            body.step,
            body.action,
            speaker_of(looking),
            comment=body.comment,
            values=body.values,
        )
        return run_view(looking, find_run(tx, run))

    return asked.once(do)


@router.post("/{run}/claim", response_model=RunView)
def post_step_claim(asked: Viewer, run: str, body: StepClaim) -> Response:
    """Look after a step that waits for a person, so that nobody else speaks meanwhile; or no more."""

    def do(tx: Tx) -> RunView:
        looking = look(asked, tx)
        claim(tx, run, body.step, speaker_of(looking), give_back=body.give_back)
        return run_view(looking, find_run(tx, run))

    return asked.once(do)
