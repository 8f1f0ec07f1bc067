"""What happens to agents and orders."""

from dataclasses import dataclass
from datetime import datetime

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class EnrolmentTokenMade(Fact):
    """Somebody may enrol one agent. subject: the agent's name."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AgentEnrolled(Fact):
    """A host's program showed a token and got its certificate. key: the id of its public key."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class EnrolmentRefused(Fact):
    """Somebody asked for a certificate and got none. subject: ``enrolment``."""

    code: str
    peer: str


@dataclass(frozen=True, slots=True)
class AgentCertificateRenewed(Fact):
    """An agent exchanged its certificate before it ended."""

    name: str
    key: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AgentCameOnline(Fact):
    """An agent was heard, for the first time or again."""

    name: str


@dataclass(frozen=True, slots=True)
class AgentWentOffline(Fact):
    """An agent was not heard for too long."""

    name: str
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class AgentRevoked(Fact):
    """An agent is trusted no more."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderIssued(Fact):
    """An order was signed for one agent. plan: the digest of the plan in it."""

    agent: str
    deployment: str
    target: str
    purpose: str
    plan: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OrderTaken(Fact):
    """The agent has the order, under this fence. A fence above 1: it came back for it."""

    agent: str
    deployment: str
    target: str
    purpose: str
    fence: int


@dataclass(frozen=True, slots=True)
class SecretsAsked(Fact):
    """The agent asked for what an order needs of secret stores: which references, whose logins.

    What they stand for is in no fact. fence: under which it held the order.
    """

    agent: str
    deployment: str
    target: str
    references: tuple[str, ...]
    registries: tuple[str, ...]
    fence: int


@dataclass(frozen=True, slots=True)
class OrderFinished(Fact):
    """The agent said how it ended. outcome: succeeded, failed or errored."""

    agent: str
    deployment: str
    target: str
    purpose: str
    outcome: str
    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class OrderExpired(Fact):
    """Nobody carried it out in time, or who did was not heard again."""

    agent: str
    deployment: str
    target: str
    purpose: str
    was_taken: bool


@dataclass(frozen=True, slots=True)
class OrderCancelled(Fact):
    """It was taken back before the agent took it."""

    agent: str
    deployment: str
    target: str
    purpose: str
