"""Workflows, and the types of steps that they are made of."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from stella.api.asked import Viewer
from stella.api.looking import Configurer, Runner, look
from stella.api.views.base import Body, Page
from stella.api.views.workflows import (
    CheckedView,
    RehearsalView,
    RunPlanView,
    RunView,
    StepKindView,
    WorkflowView,
    checked_view,
    kind_view,
    plan_view,
    rehearsal_view,
    run_view,
    workflow_view,
)
from stella.identity import Permission
from stella.record import Tx
from stella.workflow.definition.check import faults_of
from stella.workflow.definition.read import check_workflow
from stella.workflow.rehearse import Played, Said, Script
from stella.workflow.run.request import request_run
from stella.workflow.run.store import find_workflow, list_workflows
from stella.workflow.run.values import filled_inputs
from stella.workflow.trigger.apply import delete_unused_workflow

router = APIRouter(tags=["workflows"])


class Spec(Body):
    """A workflow's specification, as it would be applied."""

    spec: dict[str, Any]


class PlayedStep(Body):
    """What a step says. fail, error: why it does not pass: the first `times` times, 0 for always."""

    outputs: dict[str, Any] = Field(default_factory=dict)
    fail: str = ""
    error: str = ""
    times: Annotated[int, Field(ge=0, le=1000)] = 0


class SaidWord(Body):
    """What a person says of a step that waits for one. values: of a form."""

    action: Literal["approve", "reject", "answer", "retry", "skip", "fail"]
    values: dict[str, Any] = Field(default_factory=dict)


class Rehearsing(Spec):
    """A workflow and a script. steps, says: by the name of a step, or of an item, `deploy[3]`; a step
    that is left out passes without outputs.
    """

    inputs: dict[str, Any] = Field(default_factory=dict)
    steps: dict[str, PlayedStep] = Field(default_factory=dict)
    says: dict[str, SaidWord] = Field(default_factory=dict)


class NewRun(Body):
    """What to run with. version: another one than new runs follow."""

    inputs: dict[str, Any] = Field(default_factory=dict)
    version: int | None = None


@router.get("/step-types")
def get_step_types(asked: Viewer) -> Page[StepKindView]:
    """The types of steps that there are now: the server's own, and those of plugins that are used."""
    kinds = asked.services.kinds()
    return Page(items=[kind_view(kinds[name]) for name in sorted(kinds)])


@router.get("/workflows")
def get_workflows(asked: Viewer) -> Page[WorkflowView]:
    """Workflows, by name."""
    kinds = asked.services.kinds()
    with asked.read() as tx:
        looking = look(asked, tx)
        found = {name: find_workflow(tx, name)[1] for name in list_workflows(tx)}
        return Page(
            items=[
                workflow_view(looking, name, tuple(faults_of(one, kinds)))
                for name, one in found.items()
            ]
        )


@router.post("/workflows/check")
def post_workflow_check(asked: Viewer, body: Spec) -> CheckedView:
    """Everything that is wrong with a workflow, each with its place. Nothing is stored."""
    checked = check_workflow(body.spec, asked.services.kinds())
    return checked_view(checked.workflow, checked.faults)


@router.post("/workflows/rehearse")
def post_rehearsal(asked: Runner, body: Rehearsing) -> RehearsalView:
    """How a run would go: its steps say what the script says, and the clock leaps. Nothing is stored."""
    script = Script(
        inputs=body.inputs,
        steps={
            name: Played(one.outputs, one.fail, one.error, one.times)
            for name, one in body.steps.items()
        },
        says={name: Said(one.action, one.values) for name, one in body.says.items()},
    )
    services = asked.services
    return rehearsal_view(services.rehearsed(body.spec, services.kinds(), script))


@router.get("/workflows/{workflow}")
def get_workflow(asked: Viewer, workflow: str, *, version: int | None = None) -> WorkflowView:
    """One workflow, in that version or the one that new runs follow."""
    with asked.read() as tx:
        _, found = find_workflow(tx, workflow, version)
        faults = tuple(faults_of(found, asked.services.kinds()))
        return workflow_view(look(asked, tx), workflow, faults, version)


@router.delete("/workflows/{workflow}", status_code=204)
def delete_workflow_(asked: Configurer, workflow: str) -> Response:
    """End a workflow that nothing starts and of which no run goes on; its versions and runs stay."""
    return asked.once(lambda tx: delete_unused_workflow(tx, workflow), status=204)


@router.post("/workflows/{workflow}/plan")
def post_run_plan(asked: Viewer, workflow: str, body: NewRun) -> RunPlanView:
    """What a run would do, with which inputs. Nothing is stored."""
    with asked.read() as tx:
        number, found = find_workflow(tx, workflow, body.version)
        return plan_view(workflow, number, found, filled_inputs(found, body.inputs))


@router.post("/workflows/{workflow}/runs", status_code=201, response_model=RunView)
def post_run(asked: Runner, workflow: str, body: NewRun) -> Response:
    """Run a workflow. Its steps may do what whoever asks may do, and no more.

    Another version than new runs follow is run by whoever may change environments.
    """
    kinds = asked.services.kinds()
    if body.version is not None:
        with asked.read() as tx:
            is_current = list_workflows(tx).get(workflow) == body.version
        if not is_current:  # it may ask fewer people than the one that was put in its place
            asked.must(Permission.ENVIRONMENT_CHANGE, f"POST /workflows/{workflow[:80]}/runs")

    def do(tx: Tx) -> RunView:
        roles = tuple(role.value for role in asked.principal.roles)
        made = request_run(tx, kinds, workflow, body.inputs, version=body.version, roles=roles)
        return run_view(look(asked, tx), made)

    return asked.once(do, status=201)
