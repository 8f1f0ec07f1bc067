"""Refusals to agents, and about them."""

from stella.kernel import Fault, StellaError


class UnknownAgent(StellaError):
    """There is no such agent."""

    code = "ST-FLT-001"
    fault = Fault.NOT_FOUND


class NotAnAgent(StellaError):
    """A request that no enrolled agent signed, or by another certificate than the agent's."""

    code = "ST-FLT-002"
    fault = Fault.NOT_AUTHENTICATED


class RevokedAgent(StellaError):
    """The agent was revoked: it gets no orders and no certificate."""

    code = "ST-FLT-003"
    fault = Fault.NOT_ALLOWED


class EnrolmentTokenRefused(StellaError):
    """An enrolment token that is wrong, used up or too old."""

    code = "ST-FLT-004"
    fault = Fault.NOT_AUTHENTICATED


class AgentNameTaken(StellaError):
    """An agent of that name is enrolled already."""

    code = "ST-FLT-005"
    fault = Fault.CONFLICT


class UnknownOrder(StellaError):
    """There is no such order."""

    code = "ST-FLT-006"
    fault = Fault.NOT_FOUND


class NotYourOrder(StellaError):
    """An agent speaks about an order that is addressed to another one."""

    code = "ST-FLT-007"
    fault = Fault.NOT_ALLOWED


class StaleFence(StellaError):
    """The order has been taken again since; who held it before may no longer speak for it."""

    code = "ST-FLT-008"
    fault = Fault.CONFLICT


class OrderIsOver(StellaError):
    """The order has ended: it was finished, it expired, or it was cancelled."""

    code = "ST-FLT-009"
    fault = Fault.CONFLICT


class ReportTooLarge(StellaError):
    """More log lines or a larger report than an agent may send."""

    code = "ST-FLT-010"


class UnusableName(StellaError):
    """A name that an agent cannot have."""

    code = "ST-FLT-011"


class SecretNotNamed(StellaError):
    """An agent asks for a secret that its order does not name."""

    code = "ST-FLT-013"
    fault = Fault.NOT_ALLOWED


class ListenerPortTaken(StellaError):
    """The address on which agents are to be listened for cannot be had."""

    code = "ST-FLT-012"
    fault = Fault.CONFLICT


class OutOfReach(StellaError):
    """An agent cannot reach hosts in the way that a target names."""

    code = "ST-FLT-014"
    fault = Fault.UNAVAILABLE
