"""Refusals of what is known about reachability."""

from stella.kernel import StellaError


class MalformedEvidence(StellaError):
    """A document of what is linked in an image that cannot be read."""

    code = "ST-REA-001"
