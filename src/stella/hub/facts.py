"""What happens to integrations and secrets. A secret's value is in none of them."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class IntegrationApplied(Fact):
    """It was made or changed. subject: its name; spec: digest of the new specification."""

    integration_kind: str
    change: str
    spec: str


@dataclass(frozen=True, slots=True)
class IntegrationDeleted(Fact):
    """It is no more. subject: its name."""

    integration_kind: str


@dataclass(frozen=True, slots=True)
class IntegrationTested(Fact):
    """Somebody tested it, or its health became another. outcome: pass or blocked."""

    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class SecretStored(Fact):
    """The built-in store holds a new version. subject: the secret's name."""

    version: int


@dataclass(frozen=True, slots=True)
class SecretDeleted(Fact):
    """It is no more. subject: the secret's name."""

    version: int


@dataclass(frozen=True, slots=True)
class SecretKeyRotated(Fact):
    """Every secret lies under a new key. subject: that key's id."""

    before: str
    secrets: int


@dataclass(frozen=True, slots=True)
class WebhookHandled(Fact):
    """A delivery led to what it should. subject: the delivery; outcome: what came of it."""

    integration: str
    event: str
    outcome: str


@dataclass(frozen=True, slots=True)
class WebhookFailed(Fact):
    """A delivery could not be handled, and is not tried again by itself. subject: the delivery."""

    integration: str
    event: str
    why: str


@dataclass(frozen=True, slots=True)
class WebhookRetried(Fact):
    """Somebody wants a delivery that failed handled anew. subject: the delivery."""

    integration: str
