"""The one table of this room: what can happen to a webhook's delivery."""

from enum import StrEnum

from stella.kernel import Machine


class DeliveryState(StrEnum):
    """Where a delivery stands. ``ignored`` does not concern us, ``failed`` was tried in vain."""

    QUEUED = "queued"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"


class DeliveryEvent(StrEnum):
    """What moves a delivery."""

    HANDLE = "handle"
    IGNORE = "ignore"
    FAIL = "fail"
    RETRY = "retry"


_S, _E = DeliveryState, DeliveryEvent

DELIVERY = Machine(
    name="delivery",
    start=_S.QUEUED,
    moves={
        (_S.QUEUED, _E.HANDLE): _S.HANDLED,
        (_S.QUEUED, _E.IGNORE): _S.IGNORED,
        (_S.QUEUED, _E.FAIL): _S.FAILED,
        (_S.FAILED, _E.RETRY): _S.QUEUED,
    },
)
