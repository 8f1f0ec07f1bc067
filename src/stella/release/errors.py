"""Refusals of releases."""

from stella.kernel import Fault, StellaError


class UnknownRelease(StellaError):
    """There is no such release."""

    code = "ST-REL-001"
    fault = Fault.NOT_FOUND


class ReleaseExists(StellaError):
    """A release of that name and version is sealed already, and a release never changes."""

    code = "ST-REL-002"
    fault = Fault.CONFLICT


class MalformedRelease(StellaError):
    """A name, version or component that a release cannot have."""

    code = "ST-REL-003"


class ReleaseIsWithdrawn(StellaError):
    """The release was withdrawn: it is promoted no more."""

    code = "ST-REL-004"
    fault = Fault.CONFLICT


class MalformedVariables(StellaError):
    """A document of variables cannot be applied: unknown key, impossible name, value or scope."""

    code = "ST-REL-005"


class NothingToRevise(StellaError):
    """The release has the variables of now already."""

    code = "ST-REL-006"
    fault = Fault.CONFLICT


class MalformedComponent(StellaError):
    """A document of a component or a template cannot be applied."""

    code = "ST-REL-008"


class UnknownComponent(StellaError):
    """There is no component or no template of that name."""

    code = "ST-REL-009"
    fault = Fault.NOT_FOUND


class NoSuchVersion(StellaError):
    """No tag of a component's repository is a version that is wanted."""

    code = "ST-REL-010"
    fault = Fault.NOT_FOUND


class PlatformMissing(StellaError):
    """An image has not every platform that its component needs."""

    code = "ST-REL-011"


class PlacesDiffer(StellaError):
    """Two repositories that should hold the same images name different ones by the same tag."""

    code = "ST-REL-012"
    fault = Fault.CONFLICT


class MalformedVersion(StellaError):
    """What was told is no version of the component."""

    code = "ST-REL-013"


class VersionTaken(StellaError):
    """The version is another image already."""

    code = "ST-REL-014"
    fault = Fault.CONFLICT


class UnknownRevision(StellaError):
    """The release has no such revision."""

    code = "ST-REL-007"
    fault = Fault.NOT_FOUND
