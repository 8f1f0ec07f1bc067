"""A run and its nodes, as they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stella.kernel import Json
from stella.workflow.definition.kinds import StepKind, Way
from stella.workflow.run.lifecycle import NODE, NodeState, RunState

SINGLE = -1
"""The item of a node that has none: of a step that is done once, or of all its items together."""
RUN, UNDO = "run", "undo"
DEPTH_MAX = 5
OUTPUTS_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a workflow, in the version that it began with.

    verdict: how it will end, once its steps are done. pins: step type -> what it was when the run was
    asked for. by: id of who asked, and roles: those with which they did. again: the run before, of which
    it keeps what went well. group: runs of one group go one after the other. parent: the node of
    another run that waits for it; depth: how many runs are above it. trigger: which asked for it, where
    nobody did; follows: workflow -> the version for which rights were lent to that, and no other runs.
    cancel_asked_at: when somebody asked for its end. code, message: why it did not succeed.
    Times: RFC 3339.
    """

    id: str
    workflow: str
    version: int
    digest: str
    state: RunState
    inputs: Mapping[str, Any]
    by: str
    at: str
    deadline_at: str
    roles: tuple[str, ...] = ()
    pins: Mapping[str, Any] = field(default_factory=dict)
    verdict: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    parent: str = ""
    depth: int = 0
    again: str = ""
    trigger: str = ""
    follows: Mapping[str, int] = field(default_factory=dict)
    started_at: str | None = None
    ended_at: str | None = None
    cancel_asked_at: str | None = None
    code: str = ""
    message: str = ""

    def kind(self, step_type: str) -> StepKind:
        """The type of a step, as it was when the run was asked for."""
        held = dict(self.pins[step_type])
        return StepKind(**{**held, "way": Way(held["way"])})


@dataclass(frozen=True, slots=True)
class Node:
    """A step in a run, one of its items, or its undoing.

    section: "steps" or "finally". item: its number, SINGLE where it has none; item_value: what it is.
    earlier: how many of its attempts were before somebody last said that it is tried again.
    waits_for: what ends its waiting, ``KIND:ID``. look_at: when to look at it again. deadline_at: by
    when it has to be done. claimed_by: id of who looks after it. taken_by: the fact
    whose durable run does it, and goes on with it after a restart.
    """

    id: str
    run: str
    position: int
    step: str
    section: str
    item: int = SINGLE
    purpose: str = RUN
    state: NodeState = NodeState.QUEUED
    item_value: Any = None
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    earlier: int = 0
    summary: str = ""
    code: str = ""
    message: str = ""
    waits_for: str = ""
    look_at: str | None = None
    deadline_at: str | None = None
    claimed_by: str = ""
    taken_by: str = ""
    started_at: str | None = None
    ended_at: str | None = None

    @property
    def key(self) -> str:
        """As people and idempotency keys name it within its run: ``deploy``, ``deploy[3]``."""
        name = self.step if self.item == SINGLE else f"{self.step}[{self.item}]"
        return name if self.purpose == RUN else f"{name} (undo)"

    @property
    def tries(self) -> int:
        """Attempts since it began, or since a person's word began the count anew."""
        return self.attempts - self.earlier

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to it any more."""
        return NODE.is_final(self.state)


@dataclass(frozen=True, slots=True)
class NodeEnding:
    """How an attempt ended: succeeded, failed (a verdict) or errored.

    retry_may_help: whether the same again may pass.
    """

    state: NodeState
    code: str = ""
    message: str = ""
    summary: str = ""
    outputs: Mapping[str, Json] = field(default_factory=dict)
    retry_may_help: bool = False


WENT_WRONG = frozenset(
    {NodeState.FAILED, NodeState.ERRORED, NodeState.UNREACHED, NodeState.CANCELLED}
)
