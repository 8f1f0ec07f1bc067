"""Refusals of this room. What registries refuse stands in ``stella.plugin.refusals``."""

from stella.kernel import Fault, StellaError


class MalformedReference(StellaError):
    """Text that is no image reference, or one that leaves open which registry is meant."""

    code = "ST-IMG-001"


class NoSuchPlatform(StellaError):
    """The index holds the image, but not for the platform asked for."""

    code = "ST-IMG-002"
    fault = Fault.NOT_FOUND


class UnsupportedImage(StellaError):
    """A well-formed document of a kind that is no runnable image, or of a format that nobody writes now."""

    code = "ST-IMG-003"


class MalformedLayout(StellaError):
    """A directory that should be an OCI layout, or a tar file that should hold an image, is not."""

    code = "ST-IMG-004"


class AmbiguousImage(StellaError):
    """Several images where one was asked for."""

    code = "ST-IMG-005"


class NothingToAttachTo(StellaError):
    """Attaching was asked for, but the target is not in a registry."""

    code = "ST-IMG-006"
