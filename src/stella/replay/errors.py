"""Refusals of replays."""

from stella.kernel import StellaError


class NothingToReplay(StellaError):
    """The packet holds no decision: what it tells of could not be judged."""

    code = "ST-RPL-001"


class UnverifiedPacket(StellaError):
    """The packet does not hold, so that what it would replay to proves nothing."""

    code = "ST-RPL-002"  # ends a command with 1, as every bad verdict of an offline verb does
