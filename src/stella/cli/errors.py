"""Refusals of the command line itself."""

from stella.kernel import Fault, StellaError


class UnwritableOutput(StellaError):
    """The file that ``--to`` names cannot be written."""

    code = "ST-CLI-001"


class UnknownOutput(StellaError):
    """An output format that the command does not have."""

    code = "ST-CLI-002"


class UnreadableFile(StellaError):
    """A file that was named cannot be read."""

    code = "ST-CLI-003"


class ServerPartMissing(StellaError):
    """The command needs the server's packages, which the base install leaves out."""

    code = "ST-CLI-004"


class NothingToExamine(StellaError):
    """No server keeps data on this host, and none is known elsewhere."""

    code = "ST-CLI-005"
    fault = Fault.NOT_FOUND


class MalformedYaml(StellaError):
    """A YAML file that cannot be read as documents."""

    code = "ST-CLI-101"


class ImageNotSaved(StellaError):
    """The user's own engine does not give an image to be read: it has none of that name, mostly."""

    code = "ST-CLI-107"
    fault = Fault.NOT_FOUND


class WaitedTooLong(StellaError):
    """What was waited for goes on, but not the waiting."""

    code = "ST-CLI-102"
    fault = Fault.TIMED_OUT


class ScanDidNotEnd(StellaError):
    """The server could not scan the image."""

    code = "ST-CLI-103"
    fault = Fault.FAILED


class NotConfirmed(StellaError):
    """The person at the terminal did not say yes."""

    code = "ST-CLI-104"


class NoIdToken(StellaError):
    """A login by a CI's ID token, without one."""

    code = "ST-CLI-105"


class NotLookedAt(StellaError):
    """What is to be allowed has to be looked at first, and there is no person to ask."""

    code = "ST-CLI-106"


class MissingAdvisories(StellaError):
    """Why something is no finding was asked for, without the advisories that say so."""

    code = "ST-CLI-020"


class UnusableFeedsFile(StellaError):
    """A file of feeds that is none, or a feed that nobody knows by that name."""

    code = "ST-CLI-021"


class SyncNotWhole(StellaError):
    """Some of the feeds could not be synced; what was known of them stays."""

    code = "ST-CLI-022"
    fault = Fault.FAILED


class NameIsTaken(StellaError):
    """Something of that name is there already, and is not changed by making another."""

    code = "ST-CLI-023"
    fault = Fault.CONFLICT
