"""What happens to deployments."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class DeploymentStarted(Fact):
    """Its targets are next. plan, record: digests of the plan and of the sealed decision record."""

    promotion: str
    environment: str
    release: str
    plan: str
    record: str


@dataclass(frozen=True, slots=True)
class TargetReady(Fact):
    """A target's turn has come. subject: the target deployment."""

    deployment: str
    target: str
    purpose: str


@dataclass(frozen=True, slots=True)
class TargetDeployed(Fact):
    """A target runs what it was to run. subject: the target deployment."""

    deployment: str
    environment: str
    target: str
    purpose: str


@dataclass(frozen=True, slots=True)
class TargetFailed(Fact):
    """A target does not. subject: the target deployment. outcome: failed or errored."""

    deployment: str
    environment: str
    target: str
    purpose: str
    outcome: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class StepReady(Fact):
    """A step's turn has come. subject: the step of the deployment. purpose: run or undo."""

    deployment: str
    name: str
    phase: str
    purpose: str = "run"


@dataclass(frozen=True, slots=True)
class StepStarted(Fact):
    """It runs now. plugin, version: what runs; inputs: their digest. Told once, not at each attempt."""

    deployment: str
    name: str
    plugin: str
    version: str
    inputs: str
    purpose: str = "run"


@dataclass(frozen=True, slots=True)
class StepEnded(Fact):
    """It has ended. outcome: passed, failed or errored. code, message: why it did not pass."""

    deployment: str
    environment: str
    name: str
    phase: str
    outcome: str
    attempts: int
    code: str
    message: str
    purpose: str = "run"


@dataclass(frozen=True, slots=True)
class DeploymentUndoing(Fact):
    """What had succeeded goes back to what ran before. steps: those that are taken back."""

    environment: str
    targets: tuple[str, ...]
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeploymentSucceeded(Fact):
    """Every target runs the release."""

    promotion: str
    environment: str
    release: str


@dataclass(frozen=True, slots=True)
class DeploymentFailed(Fact):
    """A target refused or failed; what had succeeded was taken back where that was possible."""

    promotion: str
    environment: str
    release: str


@dataclass(frozen=True, slots=True)
class DeploymentErrored(Fact):
    """It could not be carried out, which says nothing about the release."""

    promotion: str
    environment: str
    release: str


@dataclass(frozen=True, slots=True)
class TakeDownStarted(Fact):
    """What runs there is taken away. release: what ran; None where no deployment had succeeded.

    plan, input, record: digests of the plan, and of the decision and what it rests on. ends_at: the
    environment's end by which the server began it; None where a person did.
    """

    environment: str
    release: str | None
    plan: str
    input: str
    record: str
    reason: str
    ends_at: str | None = None


@dataclass(frozen=True, slots=True)
class TargetTakenDown(Fact):
    """Nothing of it is on a target any more. subject: the target deployment. deployment: the take-down."""

    deployment: str
    environment: str
    target: str


@dataclass(frozen=True, slots=True)
class TakeDownSucceeded(Fact):
    """Nothing runs in the environment any more. release: what ran there."""

    environment: str
    release: str | None


@dataclass(frozen=True, slots=True)
class TakeDownFailed(Fact):
    """On a target something is left. release: what counts as running there still."""

    environment: str
    release: str | None


@dataclass(frozen=True, slots=True)
class TakeDownErrored(Fact):
    """On a target it could not be carried out. release: what counts as running there still."""

    environment: str
    release: str | None


@dataclass(frozen=True, slots=True)
class StandingChanged(Fact):
    """What runs in an environment would be let in today, or would no more. subject: the environment.

    outcome: of the gates that speak of what it is. reasons: the first few of why not.
    """

    deployment: str
    release: str
    outcome: str
    reasons: tuple[str, ...]
