"""How documents are refused."""

from stella.kernel import Remedy
from stella.sbom.errors import MalformedSbom, UnsupportedSbom


def malformed(why: str) -> MalformedSbom:
    """A document that breaks its format; ``why`` ends with the place."""
    return MalformedSbom(
        f"not a valid bill of materials: {why}",
        remedy=Remedy("Write it again with a tool whose output validates against the schema."),
        why=why,
    )


def unsupported(what: str, known: str) -> UnsupportedSbom:
    """A format or a version that is not read."""
    return UnsupportedSbom(
        f"{what[:80]} is not read", remedy=Remedy(f"Write it as {known}."), version=what[:80]
    )
