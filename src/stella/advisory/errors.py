"""Refusals of advisories."""

from stella.kernel import Fault, StellaError


class UnreadableFeed(StellaError):
    """A feed that is not there, cannot be read, or is no archive although it claims to be one."""

    code = "ST-ADV-001"


class NothingToImport(StellaError):
    """The feeds hold not one record that can be matched, so no snapshot is made of them."""

    code = "ST-ADV-002"


class FeedTooLarge(StellaError):
    """A feed beyond the bounds: a decompression bomb, or more than any real feed holds."""

    code = "ST-ADV-003"


class SnapshotNotFound(StellaError):
    """There is no advisory snapshot where one was named."""

    code = "ST-ADV-004"
    fault = Fault.NOT_FOUND


class SnapshotAltered(StellaError):
    """A snapshot whose bytes are not what its name promises. Nothing is matched against it."""

    code = "ST-ADV-005"
    fault = Fault.FAILED


class UnsupportedSnapshot(StellaError):
    """A file that is no advisory snapshot, or one of another format."""

    code = "ST-ADV-006"


class AmbiguousSnapshot(StellaError):
    """A directory with more than one snapshot in it, and none was chosen."""

    code = "ST-ADV-007"


class UnwritableSnapshot(StellaError):
    """The place for the snapshot cannot be written; nothing half-made is left."""

    code = "ST-ADV-008"


class UnknownAdvisory(StellaError):
    """The snapshot holds no record of that id or alias."""

    code = "ST-ADV-009"
    fault = Fault.NOT_FOUND


class MalformedSlice(StellaError):
    """A document that should be a slice of a snapshot is not."""

    code = "ST-ADV-010"


class BrokenFeed(StellaError):
    """A feed that cannot be right: cut off, empty, or no feed. Nothing of it was taken over."""

    code = "ST-ADV-011"
    fault = Fault.FAILED


class UnusableStore(StellaError):
    """The store of observations cannot be read or written."""

    code = "ST-ADV-012"


class UnknownGeneration(StellaError):
    """The store of observations was never in that state."""

    code = "ST-ADV-013"
    fault = Fault.NOT_FOUND


class ObservationAltered(StellaError):
    """A raw document of the store is gone, or not what its digest promises. No snapshot is made of it."""

    code = "ST-ADV-014"
    fault = Fault.FAILED


class MalformedBundle(StellaError):
    """A mirror bundle that was cut off, changed, or is none. Nothing was taken over."""

    code = "ST-ADV-015"


class WrongBase(StellaError):
    """A mirror bundle follows on another state than the store is in. Nothing was taken over."""

    code = "ST-ADV-016"
    fault = Fault.CONFLICT


class StaleBundle(StellaError):
    """A mirror bundle is older than what is known. Nothing was taken over."""

    code = "ST-ADV-017"
    fault = Fault.CONFLICT
