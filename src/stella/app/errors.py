"""Refusals of a server that cannot start as it was told to."""

from stella.kernel import Fault, StellaError


class UnknownSetting(StellaError):
    """A key of the settings file, or a STELLA_ variable, that is none but looks like one."""

    code = "ST-APP-001"


class MalformedSetting(StellaError):
    """A setting whose value is not of the kind that its key takes."""

    code = "ST-APP-002"


class UnreadableSettings(StellaError):
    """The settings file cannot be read, or is no YAML mapping."""

    code = "ST-APP-003"


class AddressTaken(StellaError):
    """Another program listens at the address, or this one may not."""

    code = "ST-APP-004"
    fault = Fault.CONFLICT


class DataInUse(StellaError):
    """Another server runs on the same data directory."""

    code = "ST-APP-005"
    fault = Fault.CONFLICT


class DataUnusable(StellaError):
    """The data directory cannot be made or written."""

    code = "ST-APP-006"
    fault = Fault.UNAVAILABLE


class KeysIncomplete(StellaError):
    """Some of the server's keys are there and others are gone; making new ones would hide that."""

    code = "ST-APP-008"
    fault = Fault.FAILED


class NewerSchema(StellaError):
    """A newer version of Stella has changed this database already."""

    code = "ST-APP-009"
    fault = Fault.CONFLICT


class BackupRefused(StellaError):
    """A backup that cannot be made of this database, or a file that is none."""

    code = "ST-APP-010"
