"""What happens to workflows and their runs."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class WorkflowApplied(Fact):
    """subject: its name. change: created or updated. digest: of the specification of that version."""

    change: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class WorkflowDeleted(Fact):
    """No new run of it begins. subject: its name."""


@dataclass(frozen=True, slots=True)
class RunRequested(Fact):
    """subject: the run. inputs: their digest. parent: the step of another run that asked for it.

    trigger: which asked for it, where nobody did.
    """

    workflow: str
    version: int
    digest: str
    inputs: str
    parent: str = ""
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class RunStarted(Fact):
    """Its steps are next. subject: the run."""

    workflow: str


@dataclass(frozen=True, slots=True)
class RunCancelAsked(Fact):
    """Nothing new begins in it. subject: the run."""

    workflow: str
    reason: str


@dataclass(frozen=True, slots=True)
class _RunEnded(Fact):
    """subject: the run. parent: the step of another run that waits for it."""

    workflow: str
    code: str = ""
    message: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class RunSucceeded(_RunEnded):
    """Every step that had to be done was."""


@dataclass(frozen=True, slots=True)
class RunFailed(_RunEnded):
    """A step said no."""


@dataclass(frozen=True, slots=True)
class RunErrored(_RunEnded):
    """A step could not be done, or the run took too long."""


@dataclass(frozen=True, slots=True)
class RunCancelled(_RunEnded):
    """A person ended it."""


@dataclass(frozen=True, slots=True)
class NodeReady(Fact):
    """A step's turn has come. subject: the node. purpose: run or undo."""

    run: str
    step: str
    purpose: str


@dataclass(frozen=True, slots=True)
class NodeStarted(Fact):
    """Its first attempt begins. subject: the node. inputs: their digest. plugin, version: who does it."""

    run: str
    step: str
    purpose: str
    inputs: str
    plugin: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class NodeWaits(Fact):
    """subject: the node. waits_for: a person, a time, or what it started; ``asking`` after a failure."""

    run: str
    workflow: str
    step: str
    waits_for: str


@dataclass(frozen=True, slots=True)
class NodeClaimed(Fact):
    """Somebody looks after it, or nobody any more. subject: the node."""

    run: str
    step: str
    person: str


@dataclass(frozen=True, slots=True)
class NodeDecided(Fact):
    """Somebody said what follows. subject: the node. action: approve, reject, answer, retry, skip, fail."""

    run: str
    step: str
    action: str
    comment: str


@dataclass(frozen=True, slots=True)
class NodeEnded(Fact):
    """subject: the node. outputs: their digest."""

    run: str
    step: str
    item: int
    purpose: str
    state: str
    attempts: int
    outputs: str
    code: str = ""
    message: str = ""
