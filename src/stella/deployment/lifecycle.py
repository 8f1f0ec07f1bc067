"""The tables of what can happen: to a deployment, to each of its targets, to each of its steps."""

from enum import StrEnum

from stella.kernel import Machine


class DeploymentState(StrEnum):
    """``failed`` is a verdict of a target; ``errored`` could not be carried out."""

    RUNNING = "running"
    UNDOING = "undoing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"


class DeploymentEvent(StrEnum):
    """What moves a deployment."""

    SUCCEED = "succeed"
    UNDO = "undo"
    FAIL = "fail"
    BREAK = "break"


class TargetState(StrEnum):
    """Where one target stands. ``cancelled``: its turn never came."""

    PENDING = "pending"
    READY = "ready"
    ORDERED = "ordered"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"
    CANCELLED = "cancelled"


class TargetEvent(StrEnum):
    """What moves a target."""

    RELEASE = "release"
    ORDER = "order"
    TAKE = "take"
    SUCCEED = "succeed"
    FAIL = "fail"
    BREAK = "break"
    CANCEL = "cancel"


class TakeDownState(StrEnum):
    """``failed``: something is left on a target; ``errored``: it could not be carried out on one."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"


class TakeDownEvent(StrEnum):
    """What moves a take-down."""

    SUCCEED = "succeed"
    FAIL = "fail"
    BREAK = "break"


class StepState(StrEnum):
    """Where one step stands. ``failed``: its verdict; ``errored``: it gave none; ``cancelled``: its
    turn never came.
    """

    QUEUED = "queued"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    CANCELLED = "cancelled"


class StepEvent(StrEnum):
    """What moves a step."""

    BEGIN = "begin"
    PASS = "pass"
    FAIL = "fail"
    BREAK = "break"
    CANCEL = "cancel"


_D, _DE, _T, _TE = DeploymentState, DeploymentEvent, TargetState, TargetEvent
_S, _SE = StepState, StepEvent
_X, _XE = TakeDownState, TakeDownEvent

DEPLOYMENT = Machine(
    name="deployment",
    start=_D.RUNNING,
    moves={
        (_D.RUNNING, _DE.SUCCEED): _D.SUCCEEDED,
        (_D.RUNNING, _DE.UNDO): _D.UNDOING,
        (_D.RUNNING, _DE.FAIL): _D.FAILED,
        (_D.RUNNING, _DE.BREAK): _D.ERRORED,
        (_D.UNDOING, _DE.FAIL): _D.FAILED,
        (_D.UNDOING, _DE.BREAK): _D.ERRORED,
    },
)

TAKE_DOWN = Machine(
    name="take-down",
    start=_X.RUNNING,
    moves={
        (_X.RUNNING, _XE.SUCCEED): _X.SUCCEEDED,
        (_X.RUNNING, _XE.FAIL): _X.FAILED,
        (_X.RUNNING, _XE.BREAK): _X.ERRORED,
    },
)

TARGET_DEPLOYMENT = Machine(
    name="target deployment",
    start=_T.PENDING,
    moves={
        (_T.PENDING, _TE.RELEASE): _T.READY,
        (_T.PENDING, _TE.CANCEL): _T.CANCELLED,
        (_T.READY, _TE.ORDER): _T.ORDERED,
        (_T.READY, _TE.BREAK): _T.ERRORED,
        (_T.ORDERED, _TE.TAKE): _T.RUNNING,
        # An agent's report may overtake the news that it took the order.
        (_T.ORDERED, _TE.SUCCEED): _T.SUCCEEDED,
        (_T.ORDERED, _TE.FAIL): _T.FAILED,
        (_T.ORDERED, _TE.BREAK): _T.ERRORED,
        (_T.RUNNING, _TE.SUCCEED): _T.SUCCEEDED,
        (_T.RUNNING, _TE.FAIL): _T.FAILED,
        (_T.RUNNING, _TE.BREAK): _T.ERRORED,
    },
)

STEP_RUN = Machine(
    name="step",
    start=_S.QUEUED,
    moves={
        (_S.QUEUED, _SE.BEGIN): _S.RUNNING,
        (_S.QUEUED, _SE.CANCEL): _S.CANCELLED,
        (_S.QUEUED, _SE.BREAK): _S.ERRORED,
        (_S.RUNNING, _SE.PASS): _S.PASSED,
        (_S.RUNNING, _SE.FAIL): _S.FAILED,
        (_S.RUNNING, _SE.BREAK): _S.ERRORED,
    },
)
