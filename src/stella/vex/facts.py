"""What happens to VEX documents and their issuers."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class VexApplied(Fact):
    """A document was taken in. subject: its id here; document: its digest. issuer: "" for an unknown
    one; basis: why it is theirs. said_id, version: as it names itself.
    """

    document: str
    format: str
    said_id: str
    version: str
    issuer: str
    basis: str
    statements: int


@dataclass(frozen=True, slots=True)
class VexUnread(Fact):
    """What lies beside an image as VEX could not be read whole. subject: the scan. gaps: where, why."""

    reference: str
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VexFeedTaken(Fact):
    """A feed holds other documents than before. subject: the feed. documents: that count of it now.

    came, went: how many. changes: digest of the document that lists them.
    """

    documents: int
    came: int
    went: int
    changes: str


@dataclass(frozen=True, slots=True)
class VexWithdrawn(Fact):
    """It counts no more. subject: its id here; document: its digest."""

    document: str
    reason: str


@dataclass(frozen=True, slots=True)
class VexIssuerApplied(Fact):
    """An issuer was made or changed. subject: its name; spec: digest of the new specification."""

    change: str
    weight: int
    spec: str


@dataclass(frozen=True, slots=True)
class VexIssuerDeleted(Fact):
    """Its word counts no more. subject: its name."""
