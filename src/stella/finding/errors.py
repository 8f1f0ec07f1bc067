"""Refusals of scans and findings."""

from stella.kernel import Fault, StellaError


class MalformedFindings(StellaError):
    """A document that should hold findings does not."""

    code = "ST-FIN-001"


class UnknownFinding(StellaError):
    """No finding of that id or alias is in the document."""

    code = "ST-FIN-002"
    fault = Fault.NOT_FOUND


class UnknownScan(StellaError):
    """There is no such scan."""

    code = "ST-FIN-003"
    fault = Fault.NOT_FOUND
