"""Ids of actors as people read them."""

from collections.abc import Iterable

from sqlalchemy import select

from stella.identity.model import Person
from stella.identity.store import user_account, user_from
from stella.record import Tx

SYSTEM = Person("system", "Stella")


def person(tx: Tx, actor: str) -> Person:
    """Who ``actor`` is; an id that no user has is shown as it is."""
    return people(tx, (actor,))[actor]


def people(tx: Tx, actors: Iterable[str]) -> dict[str, Person]:
    """Each of ``actors`` as a person, with one query. Who is no user carries its id as name."""
    wanted = set(actors)
    found = {actor: Person(actor, actor) for actor in wanted}
    if SYSTEM.id in wanted:
        found[SYSTEM.id] = SYSTEM
    users = [actor for actor in wanted if actor.startswith("usr_")]
    if users:
        rows = tx.rows(select(user_account).where(user_account.c.id.in_(users)))
        found |= {row["id"]: user_from(row).person for row in rows}
    return found
