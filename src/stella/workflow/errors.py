"""Refusals of workflows and their runs."""

from stella.kernel import Fault, StellaError


class UnknownWorkflow(StellaError):
    """There is no such workflow, or not in that version."""

    code = "ST-WFL-001"
    fault = Fault.NOT_FOUND


class MalformedWorkflow(StellaError):
    """A workflow that cannot run: a circle, an unknown step, an expression of the wrong type."""

    code = "ST-WFL-002"


class UnknownRun(StellaError):
    """There is no such run, or it has no such step."""

    code = "ST-WFL-003"
    fault = Fault.NOT_FOUND


class ImpossibleInputs(StellaError):
    """The inputs of a run are not what its workflow asks for."""

    code = "ST-WFL-004"


class ExpressionFailed(StellaError):
    """An expression has no value for this run: a division by zero, what was skipped, too much of it."""

    code = "ST-WFL-005"
    fault = Fault.FAILED


class NotAskedNow(StellaError):
    """The step of a run does not wait for that word, or not for this person's."""

    code = "ST-WFL-006"
    fault = Fault.CONFLICT


class StepTimedOut(StellaError):
    """A step of a run was not done in its time."""

    code = "ST-WFL-007"
    fault = Fault.TIMED_OUT


class WaitedForFailed(StellaError):
    """What a step started, and waited for, ended otherwise than well."""

    code = "ST-WFL-008"
    fault = Fault.FAILED


class StepRehearsed(StellaError):
    """A step of a rehearsal says what its script says: it is no real failure."""

    code = "ST-WFL-009"
    fault = Fault.FAILED
