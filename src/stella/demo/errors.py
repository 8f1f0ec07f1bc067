"""Refusals of the demonstration."""

from stella.kernel import Fault, StellaError


class DemoFailed(StellaError):
    """A step did not do what the demonstration is there to show."""

    code = "ST-DMO-001"
    fault = Fault.FAILED


class DemoNotKept(StellaError):
    """No kept demonstration runs."""

    code = "ST-DMO-002"
    fault = Fault.NOT_FOUND


class DemoRuns(StellaError):
    """A kept demonstration runs already."""

    code = "ST-DMO-003"
    fault = Fault.CONFLICT
