"""Refusals of this room."""

from stella.kernel import Fault, StellaError


class BrokenLayer(StellaError):
    """A layer whose bytes are cut off, are no archive, or are not what the image promises."""

    code = "ST-SBM-001"
    fault = Fault.FAILED


class LayerTooLarge(StellaError):
    """A layer beyond the bounds: a decompression bomb, or more entries than anything real has."""

    code = "ST-SBM-002"


class UnsupportedLayer(StellaError):
    """A layer in a compression or of a kind that is not read."""

    code = "ST-SBM-003"


class MalformedSbom(StellaError):
    """A document that is no CycloneDX bill of materials, or one that contradicts its format."""

    code = "ST-SBM-004"


class UnsupportedSbom(StellaError):
    """A bill of materials in a format or version that is not read."""

    code = "ST-SBM-005"


class UnreadableDirectory(StellaError):
    """A directory that is not there or cannot be read."""

    code = "ST-SBM-006"
    fault = Fault.NOT_FOUND


class UnknownScanOption(StellaError):
    """An output format, a target or a rule that ``stella scan`` does not know."""

    code = "ST-SBM-007"


class MalformedLifetimes(StellaError):
    """A table of how long distributions last that cannot be read."""

    code = "ST-SBM-012"
