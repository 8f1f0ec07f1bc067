"""The two tables of this room: what can happen to an agent, and to an order."""

from enum import StrEnum

from stella.kernel import Machine


class AgentState(StrEnum):
    """Where an agent stands. It is offline until it has been heard."""

    OFFLINE = "offline"
    ONLINE = "online"
    REVOKED = "revoked"


class AgentEvent(StrEnum):
    """What moves an agent."""

    HEAR = "hear"
    MISS = "miss"
    REVOKE = "revoke"


AGENT = Machine(
    name="agent",
    start=AgentState.OFFLINE,
    moves={
        (AgentState.OFFLINE, AgentEvent.HEAR): AgentState.ONLINE,
        (AgentState.OFFLINE, AgentEvent.REVOKE): AgentState.REVOKED,
        (AgentState.ONLINE, AgentEvent.HEAR): AgentState.ONLINE,
        (AgentState.ONLINE, AgentEvent.MISS): AgentState.OFFLINE,
        (AgentState.ONLINE, AgentEvent.REVOKE): AgentState.REVOKED,
    },
)


class OrderState(StrEnum):
    """Where an order stands. ``failed`` is a verdict, ``errored`` could not run."""

    ISSUED = "issued"
    TAKEN = "taken"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class OrderEvent(StrEnum):
    """What moves an order."""

    TAKE = "take"
    SUCCEED = "succeed"
    FAIL = "fail"
    BREAK = "break"
    EXPIRE = "expire"
    CANCEL = "cancel"


_S, _E = OrderState, OrderEvent

ORDER = Machine(
    name="order",
    start=OrderState.ISSUED,
    moves={
        (_S.ISSUED, _E.TAKE): _S.TAKEN,
        (_S.ISSUED, _E.EXPIRE): _S.EXPIRED,
        (_S.ISSUED, _E.CANCEL): _S.CANCELLED,
        # An agent that was killed comes back and takes its order again.
        (_S.TAKEN, _E.TAKE): _S.TAKEN,
        (_S.TAKEN, _E.SUCCEED): _S.SUCCEEDED,
        (_S.TAKEN, _E.FAIL): _S.FAILED,
        (_S.TAKEN, _E.BREAK): _S.ERRORED,
        # Only once its lease has ended: what runs now is let run.
        (_S.TAKEN, _E.EXPIRE): _S.EXPIRED,
    },
)
