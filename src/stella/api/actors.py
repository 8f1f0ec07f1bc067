"""Who did something, by name: people, agents, the system."""

from collections.abc import Iterable

from stella.fleet import agent_names
from stella.identity import Person, people
from stella.record import Tx


def actors(tx: Tx, ids: Iterable[str]) -> dict[str, Person]:
    """Each of ``ids`` as a person, with a query for people and one for agents."""
    wanted = set(ids)
    named = agent_names(tx, [one for one in wanted if one.startswith("agt_")])
    agents = {agent: Person(agent, name) for agent, name in named.items()}
    return {**people(tx, wanted), **agents}
