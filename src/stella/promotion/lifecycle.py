"""The one table of what can happen to a promotion."""

from enum import StrEnum

from stella.kernel import Machine


class State(StrEnum):
    """Where a promotion stands. ``failed`` is a verdict, ``errored`` could not run."""

    EVALUATING = "evaluating"
    WAITING = "waiting"
    BLOCKED = "blocked"
    APPROVED = "approved"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    ERRORED = "errored"


class Event(StrEnum):
    """What moves it."""

    PASS = "pass"
    WAIT = "wait"
    BLOCK = "block"
    REJECT = "reject"
    CANCEL = "cancel"
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    BREAK = "break"
    REOPEN = "reopen"


_S, _E = State, Event

PROMOTION = Machine(
    name="promotion",
    start=State.EVALUATING,
    moves={
        (_S.EVALUATING, _E.PASS): _S.APPROVED,
        (_S.EVALUATING, _E.WAIT): _S.WAITING,
        (_S.EVALUATING, _E.BLOCK): _S.BLOCKED,
        (_S.EVALUATING, _E.CANCEL): _S.CANCELLED,
        (_S.EVALUATING, _E.BREAK): _S.ERRORED,
        (_S.WAITING, _E.PASS): _S.APPROVED,
        (_S.WAITING, _E.WAIT): _S.WAITING,
        (_S.WAITING, _E.BLOCK): _S.BLOCKED,
        (_S.WAITING, _E.REJECT): _S.REJECTED,
        (_S.WAITING, _E.CANCEL): _S.CANCELLED,
        (_S.WAITING, _E.BREAK): _S.ERRORED,
        # Two people broke the glass: it is judged again, with their word.
        (_S.BLOCKED, _E.REOPEN): _S.EVALUATING,
        (_S.APPROVED, _E.START): _S.DEPLOYING,
        # Judged again at the start: a freeze may have begun, an approval may have lost its plan.
        (_S.APPROVED, _E.PASS): _S.APPROVED,
        (_S.APPROVED, _E.WAIT): _S.WAITING,
        (_S.APPROVED, _E.BLOCK): _S.BLOCKED,
        (_S.APPROVED, _E.CANCEL): _S.CANCELLED,
        (_S.APPROVED, _E.BREAK): _S.ERRORED,
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
