"""The states of a run and of its nodes, as tables."""

from enum import StrEnum

from stella.kernel.machine import Machine


class RunState(StrEnum):
    """Of a run. Queued: others of its group come first."""

    QUEUED = "queued"
    RUNNING = "running"
    UNDOING = "undoing"
    FINISHING = "finishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"
    CANCELLED = "cancelled"


class RunEvent(StrEnum):
    """What happens to a run."""

    BEGIN = "begin"
    UNDO = "undo"
    FINISH = "finish"
    SUCCEED = "succeed"
    FAIL = "fail"
    BREAK = "break"
    CANCEL = "cancel"


class NodeState(StrEnum):
    """Of a step, as a run has it. Waiting: for a time, a person, or what it started. Asking: it went
    wrong, and somebody says what follows. Unreached: what it needs went wrong.
    """

    QUEUED = "queued"
    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    RETRYING = "retrying"
    ASKING = "asking"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"
    UNREACHED = "unreached"
    CANCELLED = "cancelled"


class NodeEvent(StrEnum):
    """What happens to a node."""

    RELEASE = "release"
    BEGIN = "begin"
    WAIT = "wait"
    AGAIN = "again"
    RETRY = "retry"
    ASK = "ask"
    PASS = "pass"
    FAIL = "fail"
    BREAK = "break"
    SKIP = "skip"
    PASS_OVER = "pass over"
    CANCEL = "cancel"


_R, _RE, _N, _NE = RunState, RunEvent, NodeState, NodeEvent

_ENDS = {
    _RE.SUCCEED: _R.SUCCEEDED,
    _RE.FAIL: _R.FAILED,
    _RE.BREAK: _R.ERRORED,
    _RE.CANCEL: _R.CANCELLED,
}

RUN = Machine(
    name="run",
    start=_R.QUEUED,
    moves={
        (_R.QUEUED, _RE.BEGIN): _R.RUNNING,
        (_R.QUEUED, _RE.CANCEL): _R.CANCELLED,
        (_R.QUEUED, _RE.BREAK): _R.ERRORED,
        (_R.RUNNING, _RE.UNDO): _R.UNDOING,
        (_R.RUNNING, _RE.FINISH): _R.FINISHING,
        (_R.UNDOING, _RE.FINISH): _R.FINISHING,
        **{
            (state, event): end
            for state in (_R.RUNNING, _R.UNDOING, _R.FINISHING)
            for event, end in _ENDS.items()
        },
    },
)

NODE = Machine(
    name="step of a run",
    start=_N.QUEUED,
    moves={
        (_N.QUEUED, _NE.RELEASE): _N.READY,
        (_N.QUEUED, _NE.BEGIN): _N.RUNNING,  # one that is done once for each of its items
        (_N.QUEUED, _NE.PASS): _N.SUCCEEDED,  # there was no item
        (_N.QUEUED, _NE.SKIP): _N.SKIPPED,
        (_N.QUEUED, _NE.PASS_OVER): _N.UNREACHED,
        (_N.QUEUED, _NE.BREAK): _N.ERRORED,
        (_N.QUEUED, _NE.CANCEL): _N.CANCELLED,
        (_N.READY, _NE.BEGIN): _N.RUNNING,
        (_N.READY, _NE.CANCEL): _N.CANCELLED,
        (_N.RUNNING, _NE.WAIT): _N.WAITING,
        (_N.RUNNING, _NE.CANCEL): _N.CANCELLED,
        (_N.WAITING, _NE.CANCEL): _N.CANCELLED,
        (_N.RETRYING, _NE.AGAIN): _N.READY,
        (_N.RETRYING, _NE.CANCEL): _N.CANCELLED,
        (_N.ASKING, _NE.AGAIN): _N.READY,
        (_N.ASKING, _NE.SKIP): _N.SKIPPED,
        (_N.ASKING, _NE.FAIL): _N.FAILED,
        (_N.ASKING, _NE.BREAK): _N.ERRORED,
        (_N.ASKING, _NE.CANCEL): _N.CANCELLED,
        **{
            (state, event): end
            for state in (_N.RUNNING, _N.WAITING)
            for event, end in (
                (_NE.PASS, _N.SUCCEEDED),
                (_NE.FAIL, _N.FAILED),
                (_NE.BREAK, _N.ERRORED),
                (_NE.RETRY, _N.RETRYING),
                (_NE.ASK, _N.ASKING),
            )
        },
    },
)
