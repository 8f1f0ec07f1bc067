"""Refusals of the command line itself."""

from stella.kernel import StellaError


class UnwritableOutput(StellaError):
    """The file that ``--to`` names cannot be written."""

    code = "ST-CLI-001"


class UnknownOutput(StellaError):
    """An output format that the command does not have."""

    code = "ST-CLI-002"


class UnreadableFile(StellaError):
    """A file that was named cannot be read."""

    code = "ST-CLI-003"
