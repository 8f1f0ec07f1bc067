"""Calls a step of a deployment, in the version that its plan names, and holds it to its manifest."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

from stella.api.services import Connected
from stella.app.plugin_host import PluginHost
from stella.deployment.plan import DeploymentPlan, PlannedStep, plugin_of_step
from stella.deployment.step_store import StepRun
from stella.deployment.steps import UNDO, CallStep, StepEnding
from stella.deployment.store import Deployment
from stella.hub.document import config_faults
from stella.hub.model import NO_ENVIRONMENT
from stella.kernel import Json, NotCanonical, StellaError, canonical_json
from stella.plugin.contract.connection import Connect, Connection
from stella.plugin.contract.core import Contribution, Kind, Manifest
from stella.plugin.contract.step import StepCall, StepResult
from stella.plugin.crossing import bounded_text, errored
from stella.plugin.refusals import StepFailed
from stella.promotion.close import Ending
from stella.record.errors import DatabaseUnusable

_SUMMARY_MAX = 300
_MESSAGE_MAX = 1000
_OUTPUTS_BYTES_MAX = 64 * 1024
# A process of its own is ended at its limit, and says so better than we do.
_MARGIN_S = 10.0
_LOOK_S = 0.25
_TAKEN_BACK = StepResult("taken back")


@dataclass(frozen=True, slots=True)
class StepCaller:
    """``CallStep`` on this server's plugins.

    connect: to the hosts that a manifest names.
    connected: the connector of an integration. masked: text without the secrets that were read.
    stopping: set when the server ends; a step is not waited for then.
    """

    host: PluginHost
    connect: Callable[[Manifest], Connect]
    connected: Connected
    masked: Callable[[str], str]
    stopping: Event = field(default_factory=Event)

    def __call__(
        self,
        planned: PlannedStep,
        call: StepCall,
        *,
        undo: bool = False,
        roles: frozenset[str] | None = None,
        limit_s: float | None = None,
    ) -> StepResult:
        """What the step says, without any secret. undo: take it back instead.

        roles: of who started a run: its steps use the integrations that are for them, and no others.

        Raises UnknownPlugin where its version is gone, PluginNotAsPlanned where that is not what was
        approved.
        """
        verb = "undo" if undo else "run"
        manifest, load = self.host.pinned(planned.plugin, planned.version, plugin_of_step(planned))
        contribution = manifest.contribution(Kind.STEP, planned.step)
        if contribution is None:
            raise errored(planned.plugin, verb, f"it brings no step {planned.step} any more")

        def run() -> object:
            made = load().factories(Kind.STEP)[planned.step]
            step = made(
                Connection("", self.connect(manifest), used=self._used(contribution, call, roles))
            )
            if not undo:
                return step.run(call)
            step.undo(call)
            return _TAKEN_BACK

        longest_s = manifest.limits.timeout_s + _MARGIN_S
        try:
            said = self._in_time(run, planned, min(longest_s, limit_s or longest_s))
            # What is taken back leaves nothing, whatever doing it leaves.
            result = _TAKEN_BACK if undo else _checked(said, planned, contribution)
        except StellaError as refusal:
            refusal.args = (self.masked(str(refusal)),)
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
            raise errored(planned.plugin, verb, f"it broke: {type(error).__name__}") from None
        summary = bounded_text(self.masked(result.summary), _SUMMARY_MAX)
        return StepResult(summary, _masked(result.outputs, self.masked))

    def _used(
        self, contribution: Contribution, call: StepCall, roles: frozenset[str] | None
    ) -> dict[str, Any]:
        """Input -> the connector that it names, for the deployment's environment.

        Raises UnknownIntegration, IntegrationDisabled, UnknownConnector, PluginBroken.
        """
        # A run is of no environment: what it says of one is an input, which anybody may give it.
        of_run = NO_ENVIRONMENT if roles is not None else ""
        environment = call.subject.get("environment", of_run)
        return {
            name: self.connected(kind, str(call.inputs[name]), roles, environment)
            for name, kind in contribution.uses.items()
            if name in call.inputs
        }

    def _in_time(self, run: Callable[[], object], planned: PlannedStep, limit_s: float) -> object:
        """What it returns or raises. One that runs in this process and hangs is left behind."""
        ended: Queue[tuple[object, BaseException | None]] = Queue()

        def do() -> None:
            try:
                ended.put((run(), None))
            except BaseException as error:  # noqa: BLE001 - raised again below
                ended.put((None, error))

        Thread(target=do, daemon=True, name=f"step {planned.name}").start()
        ends_at = time.monotonic() + limit_s
        while time.monotonic() < ends_at:
            try:
                said, error = ended.get(timeout=_LOOK_S)
            except Empty:
                if self.stopping.is_set():
                    raise errored(planned.plugin, "run", "the server ends") from None
                continue
            if error is not None:
                raise error
            return said
        raise errored(planned.plugin, "run", f"it was not done after {limit_s:.0f} s")


def attempt_step(
    call_step: CallStep, plan: DeploymentPlan, deployment: Deployment, step: StepRun
) -> StepEnding:
    """One attempt of a step that has begun, and how it ended. Raises nothing that a step says."""
    planned = plan.step(step.name)
    assert planned is not None, "a step follows a plan that has it"
    call = StepCall(
        run=deployment.id,
        node=step.name,
        key=f"{deployment.id}:{step.name}",
        attempt=step.attempts,
        inputs=planned.inputs,
        subject=_subject(plan, deployment),
    )
    try:
        result = call_step(planned, call, undo=step.purpose == UNDO)
    except DatabaseUnusable:
        raise  # which says nothing about the step
    except StellaError as refusal:
        ending = Ending.FAILED if isinstance(refusal, StepFailed) else Ending.ERRORED
        return StepEnding(
            ending,
            code=refusal.code,
            message=bounded_text(str(refusal), _MESSAGE_MAX),
            retry_may_help=refusal.retry_may_help,
        )
    return StepEnding(Ending.SUCCEEDED, summary=result.summary, outputs=result.outputs)


def worn_out(step: StepRun) -> StepEnding:
    """The end of a step of which nothing was heard, too often."""
    refusal = errored(step.plugin, "run", f"{step.attempts} attempts began and none ended")
    return StepEnding(Ending.ERRORED, code=refusal.code, message=refusal.told)


def _subject(plan: DeploymentPlan, deployment: Deployment) -> dict[str, str]:
    images = {
        f"image.{one.component}": one.image for target in plan.targets for one in target.services
    }
    return {
        "deployment": deployment.id,
        "promotion": deployment.promotion,
        "environment": deployment.environment,
        "release": plan.release.name,
        "version": plan.release.version,
        "releaseDigest": plan.release.digest,
        "planDigest": deployment.plan,
        "rollback": "true" if deployment.rollback else "false",
        "simulated": "true" if deployment.simulated else "false",
        **images,
    }


def _checked(said: object, planned: PlannedStep, contribution: Contribution) -> StepResult:
    """``said``, where it is what the contract and the manifest promise. Raises PluginErrored."""
    faults: list[str] = []
    if not isinstance(said, StepResult) or not isinstance(said.summary, str):
        faults = [f"it returned a {type(said).__name__}, not a StepResult"]
    else:
        faults = list(_output_faults(said.outputs, contribution))
        if not faults:
            return said
    raise errored(planned.plugin, "run", "; ".join(faults))


def _output_faults(outputs: Mapping[str, Json], contribution: Contribution) -> Sequence[str]:
    try:
        size = len(canonical_json(outputs))
    except NotCanonical as error:
        return [f"its outputs cannot be signed: {error}"]
    if size > _OUTPUTS_BYTES_MAX:
        return [f"its outputs have more than {_OUTPUTS_BYTES_MAX >> 10} KiB"]
    if not contribution.output_schema:
        return ["it has outputs, and no outputSchema"] if outputs else []
    faults = config_faults(outputs, contribution.output_schema)
    return [f"outputs{why.removeprefix('config')}" for why in faults]


def _masked(value: Any, masked: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {masked(key): _masked(inner, masked) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, masked) for inner in value]
    return value
