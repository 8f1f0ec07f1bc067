"""Refusals of the agent program."""

from stella.kernel import Fault, StellaError


class NotEnrolled(StellaError):
    """There is no agent in this state directory."""

    code = "ST-AGT-001"
    fault = Fault.NOT_AUTHENTICATED


class AlreadyEnrolled(StellaError):
    """There is an agent in this state directory already; it is never overwritten."""

    code = "ST-AGT-002"
    fault = Fault.CONFLICT


class AnotherAgentRuns(StellaError):
    """Another process runs the agent of this state directory."""

    code = "ST-AGT-003"
    fault = Fault.CONFLICT


class ControlPlaneUnreachable(StellaError):
    """The control plane does not answer, or not as one."""

    code = "ST-AGT-004"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class UntrustedControlPlane(StellaError):
    """Who answers is not who the fingerprint names."""

    code = "ST-AGT-005"
    fault = Fault.NOT_AUTHENTICATED


class ControlPlaneRefused(StellaError):
    """The control plane said no. ``facts``: its code, and the status."""

    code = "ST-AGT-006"
    fault = Fault.NOT_ALLOWED


class ForeignOrder(StellaError):
    """An order for another agent, or not for what its statement says."""

    code = "ST-AGT-007"
    fault = Fault.FAILED


class ExpiredOrder(StellaError):
    """An order whose time was over, by this host's clock, before it was begun."""

    code = "ST-AGT-008"
    fault = Fault.TIMED_OUT


class ReplayedOrder(StellaError):
    """An order that was carried out before."""

    code = "ST-AGT-009"
    fault = Fault.CONFLICT


class StateUnusable(StellaError):
    """The state directory cannot be written, is readable by others, or is damaged."""

    code = "ST-AGT-010"


class LeaseLost(StellaError):
    """The control plane gave the order to somebody else, or ended it, while it was carried out."""

    code = "ST-AGT-011"
    fault = Fault.CONFLICT


class BrokenConnector(StellaError):
    """A connector ended in a way that it must not: a bug of its own, no verdict on the release."""

    code = "ST-AGT-012"
    fault = Fault.UNAVAILABLE


class PluginNotAsOrdered(StellaError):
    """The plugin that an order names is not the one that came, or asks for more than it is granted."""

    code = "ST-AGT-013"
    fault = Fault.UNAVAILABLE


class HostUnreachable(StellaError):
    """A host that is reached from here does not answer."""

    code = "ST-AGT-014"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class WrongHost(StellaError):
    """Who answers has not the key that is pinned. ``facts``: both fingerprints; nothing was sent."""

    code = "ST-AGT-015"
    fault = Fault.NOT_AUTHENTICATED


class HostLoginRefused(StellaError):
    """A host takes neither our key nor our password, or we have none that can be read."""

    code = "ST-AGT-016"
    fault = Fault.NOT_AUTHENTICATED


class SudoRefused(StellaError):
    """sudo on a host asks for a password, or does not let the account."""

    code = "ST-AGT-017"
    fault = Fault.NOT_AUTHENTICATED


class NotReachedFromHere(StellaError):
    """An agent cannot reach hosts that way: what that takes is not installed beside it."""

    code = "ST-AGT-018"
    fault = Fault.UNAVAILABLE


class HostLost(StellaError):
    """The connection to a host broke in the middle, and did not come back."""

    code = "ST-AGT-019"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class HostUnusable(StellaError):
    """A host lets us in, but has no shell or no directory for us."""

    code = "ST-AGT-020"
    fault = Fault.UNAVAILABLE
