"""What the doctor asks of the fleet: is every agent heard, and do their certificates last?"""

from datetime import timedelta

from stella.fleet.lifecycle import AgentState
from stella.fleet.model import Agent
from stella.fleet.presence import OFFLINE_AFTER_S
from stella.fleet.store import list_agents
from stella.kernel import Outcome, Seen
from stella.record import Database

_SOON = timedelta(hours=6)


def agents_are_heard(database: Database) -> list[Seen]:
    """Each agent is heard from; the versions of the engines they see."""
    with database.read() as tx:
        agents, limit = _trusted(list_agents(tx)), tx.now - timedelta(seconds=OFFLINE_AFTER_S)
    found = []
    for one in agents:
        is_heard = one.last_seen_at is not None and one.last_seen_at >= limit
        if one.state is AgentState.ONLINE and is_heard:
            connectors = one.report.connectors if one.report else ()
            engines = ", ".join(f"{c.kind} {c.engine or c.problem or '?'}" for c in connectors)
            found.append(
                Seen(Outcome.PASS, f"online; {engines or 'no engine reported'}", "", one.name)
            )
        else:
            since = f"since {one.last_seen_at:%Y-%m-%d %H:%M} UTC" if one.last_seen_at else "ever"
            detail = f"not heard from {since}"
            found.append(Seen(Outcome.BLOCKED, detail, "On its host: stella agent run", one.name))
    return found or [Seen(Outcome.PASS, "none is enrolled")]


def heard_agents(database: Database) -> frozenset[str]:
    """The names of those that are heard."""
    with database.read() as tx:
        limit = tx.now - timedelta(seconds=OFFLINE_AFTER_S)
        listed = _trusted(list_agents(tx))
    return frozenset(
        one.name for one in listed if one.last_seen_at is not None and one.last_seen_at >= limit
    )


def certificates_last(database: Database) -> list[Seen]:
    """No agent's certificate has ended, or will before its agent can have renewed it."""
    with database.read() as tx:
        agents, now = _trusted(list_agents(tx)), tx.now
    found = []
    for one in agents:
        ends = f"{one.certificate_expires_at:%Y-%m-%d %H:%M} UTC"
        fix = f"stella agent token {one.name}, and on its host: stella agent enroll"
        if one.certificate_expires_at <= now:
            found.append(Seen(Outcome.BLOCKED, f"its certificate ended {ends}", fix, one.name))
        elif one.certificate_expires_at <= now + _SOON and one.state is not AgentState.ONLINE:
            detail = f"its certificate ends {ends}, and it is not there to renew it"
            found.append(Seen(Outcome.BLOCKED, detail, fix, one.name))
    return found or [Seen(Outcome.PASS, f"{len(agents)} certificates last")]


def _trusted(agents: tuple[Agent, ...]) -> list[Agent]:
    return [one for one in agents if one.state is not AgentState.REVOKED]
