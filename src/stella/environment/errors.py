"""Refusals of environments, targets and freezes."""

from stella.kernel import Fault, StellaError


class UnknownEnvironment(StellaError):
    """There is no such environment."""

    code = "ST-ENV-001"
    fault = Fault.NOT_FOUND


class MalformedDocument(StellaError):
    """A declarative document cannot be applied: unknown key, wrong type, impossible value."""

    code = "ST-ENV-002"


class EnvironmentLoop(StellaError):
    """Environments that come after each other in a circle."""

    code = "ST-ENV-003"


class UnknownFreeze(StellaError):
    """There is no such freeze window."""

    code = "ST-ENV-004"
    fault = Fault.NOT_FOUND


class ImpossibleFreeze(StellaError):
    """A freeze window that ends before it starts, or has ended already."""

    code = "ST-ENV-005"


class ImpossibleHold(StellaError):
    """The environment is held already, or nobody says why it is held or let go on."""

    code = "ST-ENV-006"
    fault = Fault.CONFLICT


class NotHeld(StellaError):
    """The environment is not held."""

    code = "ST-ENV-007"
    fault = Fault.CONFLICT
