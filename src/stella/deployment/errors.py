"""Refusals of plans and deployments."""

from stella.kernel import Fault, StellaError


class UnknownDeployment(StellaError):
    """There is no such deployment."""

    code = "ST-DEP-001"
    fault = Fault.NOT_FOUND


class ImpossiblePlan(StellaError):
    """The release and the environment's targets do not fit together."""

    code = "ST-DEP-002"
    fault = Fault.CONFLICT


class UnknownArtifact(StellaError):
    """No deployment made an artifact of that digest."""

    code = "ST-DEP-003"
    fault = Fault.NOT_FOUND


class AgentSilent(StellaError):
    """An agent did not take an order in time, or took it and was not heard again."""

    code = "ST-DEP-004"
    fault = Fault.TIMED_OUT
