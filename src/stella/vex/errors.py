"""Refusals of VEX documents and statements."""

from stella.kernel import Fault, StellaError


class MalformedVex(StellaError):
    """A file that should be a VEX document is none, or is larger than is read."""

    code = "ST-VEX-001"


class UnusableStatement(StellaError):
    """A statement that is to be written lacks what would make it count."""

    code = "ST-VEX-002"


class UnknownVexDocument(StellaError):
    """There is no such VEX document, or it counts no more."""

    code = "ST-VEX-003"
    fault = Fault.NOT_FOUND


class UnknownVexIssuer(StellaError):
    """There is no such VEX issuer."""

    code = "ST-VEX-004"
    fault = Fault.NOT_FOUND


class MalformedVexIssuer(StellaError):
    """A document of the kind VexIssuer cannot be used as it is."""

    code = "ST-VEX-005"


class MalformedWeighing(StellaError):
    """A record of what was weighed does not hold together."""

    code = "ST-VEX-006"


class UnknownVexFeed(StellaError):
    """There is no such feed of VEX: no integration of the kind feed whose content is VEX."""

    code = "ST-VEX-008"
    fault = Fault.NOT_FOUND


class NothingToSay(StellaError):
    """There are no findings, and OpenVEX has no document without statements."""

    code = "ST-VEX-007"
