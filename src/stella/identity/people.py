"""Ids of actors as people read them."""

from collections.abc import Iterable

from sqlalchemy import select

from stella.identity.model import Person
from stella.identity.store import machine, user_account, user_from
from stella.record import Tx

SYSTEM = Person("system", "Stella")


def person(tx: Tx, actor: str) -> Person:
    """Who ``actor`` is; an id that no user has is shown as it is."""
    return people(tx, (actor,))[actor]


def people(tx: Tx, actors: Iterable[str]) -> dict[str, Person]:
    """Each of ``actors`` as a person, with a query for people and one for machines.

    Who is neither carries its id as name.
    """
    wanted = set(actors)
    found = {actor: Person(actor, actor) for actor in wanted}
    if SYSTEM.id in wanted:
        found[SYSTEM.id] = SYSTEM
    users = [actor for actor in wanted if actor.startswith("usr_")]
    if users:
        rows = tx.rows(select(user_account).where(user_account.c.id.in_(users)))
        found |= {row["id"]: user_from(row).person for row in rows}
    machines = [actor for actor in wanted if actor.startswith("mch_")]
    if machines:
        rows = tx.rows(select(machine.c.id, machine.c.name).where(machine.c.id.in_(machines)))
        found |= {row["id"]: Person(row["id"], row["name"]) for row in rows}
    return found
