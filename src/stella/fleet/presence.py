"""Is it who it says, is it there, and may it still? Requests, heartbeats, silence, revocation."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from stella.fleet.errors import NotAnAgent, ReportTooLarge, RevokedAgent, UnknownAgent
from stella.fleet.facts import AgentCameOnline, AgentRevoked, AgentWentOffline
from stella.fleet.lifecycle import AGENT, AgentEvent, AgentState
from stella.fleet.model import Agent
from stella.fleet.store import (
    agent,
    agent_nonce,
    change_agent,
    find_agent,
    find_agent_by_name,
)
from stella.kernel import Remedy, canonical_json, parse_time, time_text
from stella.plugin.order import AgentReport
from stella.plugin.wire import to_wire
from stella.record import Tx
from stella.trust import BadRequestSignature, verify_request
from stella.trust.requests import WINDOW

AGENT_HEADER = "x-stella-agent"
OFFLINE_AFTER_S = 90
_REPORT_BYTES_MAX = 1_000_000


def authenticate(
    tx: Tx, headers: Mapping[str, str], *, method: str, path: str, body: bytes
) -> Agent:
    """The agent that signed this request, now and once; it has been heard by it.

    Raises NotAnAgent, RevokedAgent, BadRequestSignature.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        known = find_agent(tx, lowered.get(AGENT_HEADER, ""))
    except UnknownAgent as error:
        raise NotAnAgent(
            "the request names no enrolled agent",
            remedy=Remedy("Enrol.", command="stella agent enroll --url URL --token TOKEN"),
        ) from error
    nonce = verify_request(known.key, lowered, method=method, path=path, body=body, now=tx.now)
    _spend_nonce(tx, known, nonce)
    if known.state is AgentState.REVOKED:
        raise RevokedAgent(
            f"the agent {known.name} was revoked: {known.revoked_reason}",
            remedy=Remedy("Enrol again with a new token.", "stella agent token NAME"),
            agent=known.id,
        )
    return _hear(tx, known)


def heartbeat(tx: Tx, known: Agent, report: AgentReport) -> None:
    """Keep what the agent says of itself and of what runs. Raises ReportTooLarge."""
    content = canonical_json(to_wire(report))
    if len(content) > _REPORT_BYTES_MAX:
        raise ReportTooLarge(
            f"a report of {len(content)} bytes, over {_REPORT_BYTES_MAX}",
            remedy=Remedy("Run fewer projects on this agent."),
        )
    change_agent(tx, known.id, report=content.decode(), reported_at=time_text(tx.now))


def revoke(tx: Tx, agent_id: str, reason: str) -> Agent:
    """Trust the agent no more: no request of it is answered. Raises UnknownAgent, IllegalMove."""
    known = find_agent(tx, agent_id, lock=True)
    state = AGENT.next(known.state, AgentEvent.REVOKE)
    change_agent(tx, known.id, state=state.value, revoked_reason=reason)
    tx.add(AgentRevoked(known.id, known.name, reason))
    return find_agent(tx, agent_id)


def mark_offline(tx: Tx, *, after_s: int = OFFLINE_AFTER_S) -> int:
    """Note who was not heard for ``after_s`` seconds; how many."""
    limit = time_text(tx.now - timedelta(seconds=after_s))
    silent = tx.rows(
        select(agent.c.id, agent.c.name, agent.c.last_seen_at)
        .where(
            agent.c.tenant == tx.tenant,
            agent.c.state == AgentState.ONLINE.value,
            or_(agent.c.last_seen_at.is_(None), agent.c.last_seen_at < limit),
        )
        .with_for_update()
    )
    state = AGENT.next(AgentState.ONLINE, AgentEvent.MISS)
    for row in silent:
        change_agent(tx, row["id"], state=state.value)
        seen = parse_time(row["last_seen_at"]) if row["last_seen_at"] else None
        tx.add(AgentWentOffline(row["id"], row["name"], seen))
    return len(silent)


def _hear(tx: Tx, known: Agent) -> Agent:
    state = AGENT.next(known.state, AgentEvent.HEAR)
    change_agent(tx, known.id, state=state.value, last_seen_at=time_text(tx.now))
    if state is not known.state:
        tx.add(AgentCameOnline(known.id, known.name))
    return find_agent(tx, known.id)


def _spend_nonce(tx: Tx, known: Agent, nonce: str) -> None:
    """A nonce counts for one request; those whose time is over are forgotten."""
    spent = agent_nonce.c
    tx.connection.execute(
        agent_nonce.delete().where(
            spent.agent == known.id, spent.at < time_text(tx.now - 2 * WINDOW)
        )
    )
    seen = tx.row(select(spent.at).where(spent.agent == known.id, spent.nonce == nonce))
    if seen is not None:
        raise BadRequestSignature(
            "this very request was made before",
            remedy=Remedy("Sign each request anew."),
            agent=known.id,
        )
    tx.connection.execute(
        agent_nonce.insert(),
        {
            "agent": known.id,
            "nonce": nonce,
            "tenant": tx.tenant,
            "at": time_text(tx.now),
        },
    )


def reported_running(
    tx: Tx, agent_name: str, project: str, *, since: str = ""
) -> list[dict[str, Any]] | None:
    """The containers of a project as its agent reported them last; None where that is not known now.

    since: what was reported before then is not known now.
    """
    found = find_agent_by_name(tx, agent_name)
    if found is not None and (found.reported_at or "") < since:
        return None
    if found is None or found.state is not AgentState.ONLINE or found.report is None:
        return None
    for one in found.report.projects:
        if one.project == project and one.problem is None:
            wired = (to_wire(container) for container in one.running)
            return [container for container in wired if isinstance(container, dict)]
    return None
