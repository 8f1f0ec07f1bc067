"""How a registry connector says no. Every connector raises these, whoever wrote it."""

from stella.kernel import Fault, StellaError


class RegistryUnreachable(StellaError):
    """No usable answer: no connection, no certificate we trust, too slow, or an error of the server."""

    code = "ST-REG-001"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class ImageNotFound(StellaError):
    """The registry answers, but has no such repository, tag, manifest or blob."""

    code = "ST-REG-002"
    fault = Fault.NOT_FOUND


class RegistryRefused(StellaError):
    """The registry wants credentials, or these do not suffice."""

    code = "ST-REG-003"
    fault = Fault.NOT_ALLOWED


class ManifestMalformed(StellaError):
    """A manifest, index or configuration that does not say what the OCI image format wants."""

    code = "ST-REG-004"
    fault = Fault.INVALID


class ManifestTooLarge(StellaError):
    """A manifest beyond the bounds; nothing real needs so much."""

    code = "ST-REG-005"
    fault = Fault.INVALID


class BlobDigestMismatch(StellaError):
    """Bytes that are not what their digest or their size promised. Never used, never kept."""

    code = "ST-REG-006"
    fault = Fault.FAILED


class UploadRefused(StellaError):
    """The registry did not take what was pushed."""

    code = "ST-REG-007"
    fault = Fault.FAILED
