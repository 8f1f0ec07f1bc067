"""Agents: which hosts answer, and what they bring."""

from stella.api.views.base import View
from stella.api.views.looking import Looking
from stella.environment.store import list_targets
from stella.fleet import Agent, AgentState
from stella.kernel import time_text
from stella.record import Tx


class ConnectorView(View):
    """A target connector on an agent, and the engine behind it, or why it has none."""

    kind: str
    version: str
    engine: str | None
    problem: str | None


class AgentView(View):
    """An agent as the API shows it. reaches: by which ways it can reach hosts without one (``ssh``)."""

    id: str
    name: str
    state: AgentState
    last_seen_at: str | None
    version: str | None
    connectors: list[ConnectorView]
    reaches: list[str]
    certificate_expires_at: str
    enrolled_at: str
    revoked_reason: str | None
    targets: list[str]


def agent_view(looking: Looking, agent: Agent) -> AgentView:
    """An agent and the targets that are given to it."""
    report = agent.report
    return AgentView(
        id=agent.id,
        name=agent.name,
        state=agent.state,
        last_seen_at=time_text(agent.last_seen_at) if agent.last_seen_at else None,
        version=report.version if report else None,
        connectors=[
            ConnectorView(
                kind=one.kind, version=one.version, engine=one.engine, problem=one.problem
            )
            for one in (report.connectors if report else ())
        ],
        reaches=list(report.reaches) if report else [],
        certificate_expires_at=time_text(agent.certificate_expires_at),
        enrolled_at=time_text(agent.enrolled_at),
        revoked_reason=agent.revoked_reason,
        targets=looking.once(_targets, "").get(agent.name, []),
    )


def _targets(tx: Tx, _all: str) -> dict[str, list[str]]:
    """Agent -> the names of its targets."""
    found: dict[str, list[str]] = {}
    for one in list_targets(tx):
        found.setdefault(one.agent, []).append(one.name)
    return found
