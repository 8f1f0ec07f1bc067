"""Refusals of evidence."""

from stella.kernel import Fault, Remedy, StellaError


class BrokenPacket(StellaError):
    """A packet is not byte for byte what it was when it was made. place: where it first differs."""

    code = "ST-EVI-001"
    fault = Fault.FAILED


class PacketTooLarge(StellaError):
    """A packet, or something in it, is larger than what is read or written."""

    code = "ST-EVI-002"


class UnusableEntry(StellaError):
    """Something that shall be put into a packet has a name or a form that a packet cannot hold."""

    code = "ST-EVI-003"


class UnreadablePacket(StellaError):
    """There is no packet at that path, or it cannot be read."""

    code = "ST-EVI-004"
    fault = Fault.NOT_FOUND


class UnknownPacketSchema(StellaError):
    """The packet was made by a newer Stella than this one."""

    code = "ST-EVI-005"


def broken(why: str, place: str) -> BrokenPacket:
    """The refusal of a packet that differs at ``place``."""
    return BrokenPacket(
        f"the packet is not what was made: {why} ({place})",
        remedy=Remedy("Get the original again; what was changed cannot be mended."),
        place=place,
        why=why,
    )


class NoSuchPacket(StellaError):
    """The locker holds no such packet."""

    code = "ST-EVI-006"
    fault = Fault.NOT_FOUND


class CopyDiffers(StellaError):
    """Where a packet was to be copied something else lies, which was left as it is."""

    code = "ST-EVI-007"
    fault = Fault.CONFLICT
