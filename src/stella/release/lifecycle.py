"""The one table of what can happen to a release."""

from enum import StrEnum

from stella.kernel import Machine


class ReleaseState(StrEnum):
    """A release is sealed when it is made; withdrawn, it is promoted no more."""

    SEALED = "sealed"
    WITHDRAWN = "withdrawn"


class ReleaseEvent(StrEnum):
    """What moves it."""

    WITHDRAW = "withdraw"


RELEASE = Machine(
    name="release",
    start=ReleaseState.SEALED,
    moves={(ReleaseState.SEALED, ReleaseEvent.WITHDRAW): ReleaseState.WITHDRAWN},
)
