"""What happens to evidence."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class EvidenceSealed(Fact):
    """A packet was closed. subject: the promotion or deployment; packet: its digest."""

    evidence: str
    packet_kind: str
    packet: str


@dataclass(frozen=True, slots=True)
class EvidenceRead(Fact):
    """Somebody took a packet out. subject: the packet's id."""

    packet: str
