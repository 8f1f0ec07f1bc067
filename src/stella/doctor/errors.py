"""Refusals of the doctor."""

from stella.kernel import Fault, StellaError


class UnknownCheck(StellaError):
    """There is no such check, or no such area."""

    code = "ST-DOC-001"
    fault = Fault.NOT_FOUND


class NoSafeFix(StellaError):
    """A check whose faults are not for a program to mend: its fix line says what to do."""

    code = "ST-DOC-002"


class NotLookedAt(StellaError):
    """What a check looks at cannot be opened, so that it says nothing."""

    code = "ST-DOC-003"
    fault = Fault.UNAVAILABLE
