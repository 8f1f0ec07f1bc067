"""What agents and the control plane say to each other: POST, JSON in camel case, signed requests."""

from dataclasses import dataclass
from datetime import datetime

from stella.kernel import Digest
from stella.plugin import Plugins, load_plugins
from stella.plugin.contract.core import Manifest
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
    """Where an agent says ``renew``, ``log`` or ``result`` of an order."""
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
    "HeartbeatReply",
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
    "RenewReply",
    "RenewRequest",
    "ResultReply",
    "ResultRequest",
    "SentLine",
    "UnknownConnector",
    "WheelRequest",
    "from_wire",
    "load_plugins",
    "narrowed",
    "order_path",
    "read_order",
    "read_wheel",
    "reasons_against",
    "to_wire",
]
