"""The one table of what can happen to a promotion."""

from enum import StrEnum

from stella.kernel import Machine


class State(StrEnum):
    """Where a promotion stands. ``failed`` is a verdict, ``errored`` could not run.

    ``scheduled``: every gate passes but that its time has not come. ``queued``: every gate passes, and
    another is being deployed. ``expired``: it had not begun in time. ``superseded``: a newer request
    took its place.
    """

    EVALUATING = "evaluating"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    BLOCKED = "blocked"
    APPROVED = "approved"
    QUEUED = "queued"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    ERRORED = "errored"


class Event(StrEnum):
    """What moves it."""

    PASS = "pass"
    WAIT = "wait"
    SCHEDULE = "schedule"
    BLOCK = "block"
    REJECT = "reject"
    CANCEL = "cancel"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    QUEUE = "queue"
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    BREAK = "break"
    REOPEN = "reopen"


_S, _E = State, Event

NOT_BEGUN = (_S.EVALUATING, _S.WAITING, _S.SCHEDULED, _S.APPROVED, _S.QUEUED)
"""Judged, and judged again until its deployment begins: a freeze may come, an approval lose its plan."""

_UNTIL_IT_BEGINS = {
    _E.PASS: _S.APPROVED,
    _E.WAIT: _S.WAITING,
    _E.SCHEDULE: _S.SCHEDULED,
    _E.BLOCK: _S.BLOCKED,
    _E.CANCEL: _S.CANCELLED,
    _E.EXPIRE: _S.EXPIRED,
    _E.SUPERSEDE: _S.SUPERSEDED,
    _E.BREAK: _S.ERRORED,
}

PROMOTION = Machine(
    name="promotion",
    start=State.EVALUATING,
    moves={
        **{
            (state, event): after
            for state in NOT_BEGUN
            for event, after in _UNTIL_IT_BEGINS.items()
        },
        (_S.WAITING, _E.REJECT): _S.REJECTED,
        (_S.SCHEDULED, _E.REJECT): _S.REJECTED,
        (_S.QUEUED, _E.REJECT): _S.REJECTED,
        # Two people broke the glass: it is judged again, with their word.
        (_S.BLOCKED, _E.REOPEN): _S.EVALUATING,
        (_S.APPROVED, _E.QUEUE): _S.QUEUED,
        (_S.APPROVED, _E.START): _S.DEPLOYING,
        # Judged anew when its turn comes, it keeps its place until it begins.
        (_S.QUEUED, _E.PASS): _S.QUEUED,
        (_S.QUEUED, _E.START): _S.DEPLOYING,
        (_S.DEPLOYING, _E.SUCCEED): _S.DEPLOYED,
        (_S.DEPLOYING, _E.FAIL): _S.FAILED,
        (_S.DEPLOYING, _E.BREAK): _S.ERRORED,
    },
)


ACTIVE = frozenset(
    state for state in State if state is not State.BLOCKED and not PROMOTION.is_final(state)
)
"""Those in which it goes on by itself, or waits: what is blocked has ended unless people reopen it."""


class WaiverState(StrEnum):
    """Where a waiver stands. ``lapsed``: its time was over; ``ended``: a person took it back."""

    REQUESTED = "requested"
    STANDING = "standing"
    ENDED = "ended"
    LAPSED = "lapsed"


class WaiverEvent(StrEnum):
    """What moves a waiver."""

    APPROVE = "approve"
    END = "end"
    LAPSE = "lapse"


_WS, _WE = WaiverState, WaiverEvent

WAIVER = Machine(
    name="waiver",
    start=WaiverState.REQUESTED,
    moves={
        (_WS.REQUESTED, _WE.APPROVE): _WS.STANDING,
        (_WS.REQUESTED, _WE.END): _WS.ENDED,
        (_WS.REQUESTED, _WE.LAPSE): _WS.LAPSED,
        (_WS.STANDING, _WE.END): _WS.ENDED,
        (_WS.STANDING, _WE.LAPSE): _WS.LAPSED,
    },
)


class BreakGlassState(StrEnum):
    """Where a break-glass stands. ``lapsed``: its time was over; ``ended``: a person took it back."""

    REQUESTED = "requested"
    STANDING = "standing"
    ENDED = "ended"
    LAPSED = "lapsed"


class BreakGlassEvent(StrEnum):
    """What moves a break-glass."""

    AGREE = "agree"
    END = "end"
    LAPSE = "lapse"


_BS, _BE = BreakGlassState, BreakGlassEvent

BREAK_GLASS = Machine(
    name="break-glass",
    start=BreakGlassState.REQUESTED,
    moves={
        (_BS.REQUESTED, _BE.AGREE): _BS.STANDING,
        (_BS.REQUESTED, _BE.END): _BS.ENDED,
        (_BS.REQUESTED, _BE.LAPSE): _BS.LAPSED,
        (_BS.STANDING, _BE.END): _BS.ENDED,
        (_BS.STANDING, _BE.LAPSE): _BS.LAPSED,
    },
)
