"""Agents, orders and log lines as the control plane keeps them."""

from dataclasses import dataclass
from datetime import datetime

from stella.fleet.lifecycle import AgentState, OrderState
from stella.plugin.order import AgentReport, OrderResult, Purpose
from stella.trust import PublicKey


@dataclass(frozen=True, slots=True)
class Agent:
    """A program on a host that carries out orders. report: of its last heartbeat, None before it;
    reported_at: when that came, RFC 3339.
    """

    id: str
    name: str
    key: PublicKey
    state: AgentState
    enrolled_at: datetime
    certificate_expires_at: datetime
    last_seen_at: datetime | None = None
    report: AgentReport | None = None
    revoked_reason: str | None = None
    reported_at: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order. bundle: as it was signed. result: what the agent said, None until it has ended.

    fence: how often it was taken; who took it last speaks for it. lease_until: how long an agent
    that is not heard is still waited for.
    """

    id: str
    agent: str
    deployment: str
    target: str
    purpose: Purpose
    state: OrderState
    bundle: bytes
    issued_at: datetime
    expires_at: datetime
    fence: int = 0
    lease_until: datetime | None = None
    taken_at: datetime | None = None
    finished_at: datetime | None = None
    result: OrderResult | None = None


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """What enrols one agent of that name, once. token: shown now and never again."""

    name: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What an agent gets: its id and certificate (PEM), and whom it is to believe (PEM)."""

    agent_id: str
    certificate: bytes
    ca: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """An order in the agent's hands until ``lease_until``, unless it renews."""

    order: str
    bundle: bytes
    fence: int
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a deployment's log. seq: its place in the deployment, from 1, without gaps."""

    seq: int
    target: str
    at: datetime
    line: str
