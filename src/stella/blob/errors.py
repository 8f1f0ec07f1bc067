"""Refusals of the blob store."""

from stella.kernel import Fault, StellaError


class NoSuchBlob(StellaError):
    """No bytes of that digest are kept here."""

    code = "ST-BLB-001"
    fault = Fault.NOT_FOUND


class DamagedBlob(StellaError):
    """The bytes kept under a digest are not those that were put: the disk changed them."""

    code = "ST-BLB-002"
    fault = Fault.FAILED


class BlobsUnusable(StellaError):
    """The directory of bytes cannot be read or written."""

    code = "ST-BLB-003"
    fault = Fault.UNAVAILABLE
    retry_may_help = True
