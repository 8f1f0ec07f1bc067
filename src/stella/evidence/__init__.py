"""How do we prove it? Packets that verify with no server and no network."""

from stella.evidence.errors import (
    BrokenPacket,
    PacketTooLarge,
    UnknownPacketSchema,
    UnreadablePacket,
    UnusableEntry,
)
from stella.evidence.packet import (
    FILE_SUFFIX,
    Packet,
    PacketAbout,
    PacketKind,
    build_packet,
    packet_bytes,
    read_packet,
)
from stella.evidence.verify import OWN_KEYS, Check, Verification, verify_packet
from stella.evidence.verify_facts import PacketFact, facts_bytes

__all__ = [
    "FILE_SUFFIX",
    "OWN_KEYS",
    "BrokenPacket",
    "Check",
    "Packet",
    "PacketAbout",
    "PacketFact",
    "PacketKind",
    "PacketTooLarge",
    "UnknownPacketSchema",
    "UnreadablePacket",
    "UnusableEntry",
    "Verification",
    "build_packet",
    "facts_bytes",
    "packet_bytes",
    "read_packet",
    "verify_packet",
]
