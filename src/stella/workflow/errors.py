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


class UnknownTrigger(StellaError):
    """There is no such trigger."""

    code = "ST-WFL-010"
    fault = Fault.NOT_FOUND


class MalformedTrigger(StellaError):
    """A trigger that could start no run: an unknown event, inputs that its workflow does not take."""

    code = "ST-WFL-011"


class RightlessTrigger(StellaError):
    """The runs of a trigger would go with the rights of nobody: none were lent, those who lent them have
    them no more, or another has changed the workflow since.
    """

    code = "ST-WFL-012"
    fault = Fault.NOT_ALLOWED


class TriggerLoops(StellaError):
    """A run would start the same workflow again by what it ended with, and that one too."""

    code = "ST-WFL-013"
    fault = Fault.CONFLICT


class TriggerChanged(StellaError):
    """It is another trigger than whoever lends it rights has seen."""

    code = "ST-WFL-014"
    fault = Fault.CONFLICT


class WorkflowInUse(StellaError):
    """Something still starts it, or a run of it has not ended."""

    code = "ST-WFL-015"
    fault = Fault.CONFLICT
