"""Refusals of rules and of messages."""

from stella.kernel import Fault, StellaError


class UnknownNotification(StellaError):
    """There is no such rule."""

    code = "ST-NTF-001"
    fault = Fault.NOT_FOUND


class MalformedNotification(StellaError):
    """A rule that cannot be. ``facts``: every reason."""

    code = "ST-NTF-002"


class UnknownMessage(StellaError):
    """There is no such message; of old ones the record is all that is kept."""

    code = "ST-NTF-003"
    fault = Fault.NOT_FOUND


class MessageNotFailed(StellaError):
    """It was sent, or is still tried."""

    code = "ST-NTF-004"
    fault = Fault.CONFLICT
