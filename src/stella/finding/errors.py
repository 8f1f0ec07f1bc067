"""Refusals of scans and matching."""

from stella.kernel import Fault, StellaError


class UnknownScan(StellaError):
    """There is no such scan."""

    code = "ST-FIN-101"
    fault = Fault.NOT_FOUND
