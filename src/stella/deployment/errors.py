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


class NothingToTakeDown(StellaError):
    """Nothing that a deployment began is left in the environment."""

    code = "ST-DEP-005"
    fault = Fault.CONFLICT


class TakeDownRefused(StellaError):
    """A freeze or a rule of the environment is against taking down what runs there."""

    code = "ST-DEP-006"
    fault = Fault.CONFLICT


class TakeDownIsBusy(StellaError):
    """Something goes into the environment just now, or is taken down there already."""

    code = "ST-DEP-007"
    fault = Fault.CONFLICT
    retry_may_help = True


class TakeDownPlanChanged(StellaError):
    """What would be taken away is not what was shown."""

    code = "ST-DEP-008"
    fault = Fault.CONFLICT


class UnknownTakeDown(StellaError):
    """There is no such take-down."""

    code = "ST-DEP-009"
    fault = Fault.NOT_FOUND


class PlaceOfAnother(StellaError):
    """What a take-down would remove is, by now, another environment's."""

    code = "ST-DEP-010"
    fault = Fault.CONFLICT
