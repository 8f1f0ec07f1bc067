"""Who carries it out? The control side of agents: enrolment, orders, leases, heartbeats."""

from stella.fleet.enroll import (
    enroll,
    make_token,
    record_refused_enrolment,
    renew_certificate,
)
from stella.fleet.errors import (
    AgentNameTaken,
    EnrolmentTokenRefused,
    NotAnAgent,
    NotYourOrder,
    OrderIsOver,
    ReportTooLarge,
    RevokedAgent,
    StaleFence,
    UnknownAgent,
    UnknownOrder,
    UnusableName,
)
from stella.fleet.lifecycle import AGENT, ORDER, AgentEvent, AgentState, OrderEvent, OrderState
from stella.fleet.log import append_log
from stella.fleet.model import Agent, Enrolled, EnrolmentToken, LogLine, Order, Taken
from stella.fleet.orders import (
    cancel_order,
    expire_orders,
    finish_order,
    issue_order,
    renew_lease,
    take_order,
)
from stella.fleet.presence import authenticate, heartbeat, mark_offline, revoke
from stella.fleet.store import (
    find_agent,
    find_agent_by_name,
    find_order,
    list_agents,
    orders_of_deployment,
    read_log,
)

__all__ = [
    "AGENT",
    "ORDER",
    "Agent",
    "AgentEvent",
    "AgentNameTaken",
    "AgentState",
    "Enrolled",
    "EnrolmentToken",
    "EnrolmentTokenRefused",
    "LogLine",
    "NotAnAgent",
    "NotYourOrder",
    "Order",
    "OrderEvent",
    "OrderIsOver",
    "OrderState",
    "ReportTooLarge",
    "RevokedAgent",
    "StaleFence",
    "Taken",
    "UnknownAgent",
    "UnknownOrder",
    "UnusableName",
    "append_log",
    "authenticate",
    "cancel_order",
    "enroll",
    "expire_orders",
    "find_agent",
    "find_agent_by_name",
    "find_order",
    "finish_order",
    "heartbeat",
    "issue_order",
    "list_agents",
    "make_token",
    "mark_offline",
    "orders_of_deployment",
    "read_log",
    "record_refused_enrolment",
    "renew_certificate",
    "renew_lease",
    "revoke",
    "take_order",
]
