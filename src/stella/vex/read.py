"""A VEX document in whichever format it came."""

from stella.kernel import Digest
from stella.vex.csaf import read_csaf
from stella.vex.cyclonedx import read_cyclonedx_vex
from stella.vex.model import Document
from stella.vex.openvex import CONTEXT, read_openvex
from stella.vex.plain import malformed, mapping, read_object


def parse_vex(content: bytes) -> Document:
    """The document in ``content``: OpenVEX, CSAF or CycloneDX, told by what stands in it.

    What of it cannot be used is among its gaps. Raises MalformedVex.
    """
    read, digest = read_object(content), Digest.of(content)
    if str(read.get("@context", "")).startswith(CONTEXT):
        return read_openvex(read, digest)
    if "csaf_version" in mapping(read.get("document")):
        return read_csaf(read, digest)
    if read.get("bomFormat") == "CycloneDX":
        return read_cyclonedx_vex(read, digest)
    raise malformed("neither OpenVEX nor CSAF nor CycloneDX")
