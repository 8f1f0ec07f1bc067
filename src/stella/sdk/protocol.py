"""What agents and the control plane say to each other: POST, JSON in camel case, signed requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from stella.kernel import Digest
from stella.plugin import Plugins, load_plugins
from stella.plugin.contract.core import Manifest
from stella.plugin.contract.deployed import is_brokered, references_of, registry_of_login
from stella.plugin.manifest import narrowed, reasons_against
from stella.plugin.order import (
    AgentReport,
    ConnectorState,
    OrderContent,
    OrderOutcome,
    OrderResult,
    PluginReference,
    ProjectState,
    Purpose,
    read_order,
)
from stella.plugin.reached import Hop, Reach, Ssh, Winrm, fingerprint, pinned_key
from stella.plugin.refusals import UnknownConnector
from stella.plugin.wheel import WHEEL_BYTES_MAX, read_wheel
from stella.plugin.wire import MalformedWire, from_wire, to_wire

AGENT_HEADER = "X-Stella-Agent"
TIME_HEADER = "X-Stella-Time"
CA_PATH = "/agent/v1/ca"
ENROLL_PATH = "/agent/v1/enroll"
CERTIFICATE_PATH = "/agent/v1/certificate"
HEARTBEAT_PATH = "/agent/v1/heartbeat"
NEXT_PATH = "/agent/v1/orders/next"
WHEEL_PATH = "/agent/v1/plugins/wheel"
BODY_BYTES_MAX = 2_000_000


def order_path(order: str, what: str) -> str:
    """Where an agent says ``renew``, ``log`` or ``result`` of an order, and asks for its ``secrets``."""
    return f"/agent/v1/orders/{order}/{what}"


@dataclass(frozen=True, slots=True)
class AuthorityReply:
    """The authority's certificate (PEM), to be held against a fingerprint. Not signed, not secret."""

    ca: str


@dataclass(frozen=True, slots=True)
class EnrollRequest:
    """A token that works once, and a certificate request (PEM) for the agent's own key."""

    token: str
    csr: str


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A certificate request (PEM) for the key that the agent enrolled with."""

    csr: str


@dataclass(frozen=True, slots=True)
class CertificateReply:
    """The agent's id and certificate, and whom it is to believe; all keys in PEM.

    order_keys: who signs orders. heartbeat_s: how often it is expected to be heard.
    """

    agent: str
    certificate: str
    ca: str
    order_keys: tuple[str, ...]
    heartbeat_s: int


@dataclass(frozen=True, slots=True)
class HeartbeatReply:
    """What the control plane's clock says, and how often it wants to hear the agent."""

    server_time: datetime
    heartbeat_s: int


@dataclass(frozen=True, slots=True)
class NextRequest:
    """Ask for an order, and wait for one so many seconds."""

    wait_s: int


@dataclass(frozen=True, slots=True)
class NextReply:
    """An order: its signed bundle as text, and the lease under which the agent holds it."""

    order: str
    bundle: str
    fence: int
    lease_s: int


@dataclass(frozen=True, slots=True)
class WheelRequest:
    """The wheel with that digest; what comes is its bytes."""

    wheel: Digest


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """Hold the order longer."""

    fence: int


@dataclass(frozen=True, slots=True)
class RenewReply:
    """Until when it is held."""

    lease_until: datetime


@dataclass(frozen=True, slots=True)
class SentLine:
    """One line of a log."""

    at: datetime
    line: str


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Lines of an order's log; the first is number ``seq`` under this fence, from 1."""

    fence: int
    seq: int
    lines: tuple[SentLine, ...]


@dataclass(frozen=True, slots=True)
class LogReply:
    """The number of the line that is expected next."""

    next: int


@dataclass(frozen=True, slots=True)
class SecretsRequest:
    """What a command of an order wants now. references: as they stand in the order; registries: whose
    login it pulls with. key: a public key that was made for this one answer (``OneTimeKey``).
    """

    fence: int
    key: str
    references: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretsReply:
    """``GivenSecrets`` as JSON, sealed to the key that was sent, about the order and its fence."""

    sealed: str


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """What pulls from one registry: user and password, or a token that the registry made for this."""

    registry: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class GivenSecrets:
    """values: by reference. logins: a registry that the control plane has none for is left out."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    logins: tuple[RegistryLogin, ...] = ()


def about_secrets(order: str, fence: int) -> str:
    """What an answer with secrets is bound to."""
    return f"secrets {order} {fence}"


@dataclass(frozen=True, slots=True)
class ResultRequest:
    """How the order ended."""

    fence: int
    result: OrderResult


@dataclass(frozen=True, slots=True)
class ResultReply:
    """The state that the order is in now."""

    state: str


__all__ = [
    "AGENT_HEADER",
    "BODY_BYTES_MAX",
    "CA_PATH",
    "CERTIFICATE_PATH",
    "ENROLL_PATH",
    "HEARTBEAT_PATH",
    "NEXT_PATH",
    "TIME_HEADER",
    "WHEEL_BYTES_MAX",
    "WHEEL_PATH",
    "AgentReport",
    "AuthorityReply",
    "CertificateReply",
    "CertificateRequest",
    "ConnectorState",
    "EnrollRequest",
    "GivenSecrets",
    "HeartbeatReply",
    "Hop",
    "LogReply",
    "LogRequest",
    "MalformedWire",
    "Manifest",
    "NextReply",
    "NextRequest",
    "OrderContent",
    "OrderOutcome",
    "OrderResult",
    "PluginReference",
    "Plugins",
    "ProjectState",
    "Purpose",
    "Reach",
    "RegistryLogin",
    "RenewReply",
    "RenewRequest",
    "ResultReply",
    "ResultRequest",
    "SecretsReply",
    "SecretsRequest",
    "SentLine",
    "Ssh",
    "UnknownConnector",
    "WheelRequest",
    "Winrm",
    "about_secrets",
    "fingerprint",
    "from_wire",
    "is_brokered",
    "load_plugins",
    "narrowed",
    "order_path",
    "pinned_key",
    "read_order",
    "read_wheel",
    "reasons_against",
    "references_of",
    "registry_of_login",
    "to_wire",
]
