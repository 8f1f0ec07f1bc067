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


@dataclass(frozen=True, slots=True)
class EvidenceCopied(Fact):
    """A packet lies in an object store as well. subject: the packet's id; key: of the object there."""

    packet: str
    integration: str
    key: str
