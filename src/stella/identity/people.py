"""Ids of actors as people read them."""

from collections.abc import Iterable

from sqlalchemy import select

from stella.identity.model import Permission, Person, permissions_of
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


def may(person: Person | None, permission: Permission) -> bool:
    """Whether somebody who is there has the permission by one of the roles."""
    return person is not None and permission in permissions_of(person.roles)


def present(tx: Tx, ids: Iterable[str]) -> dict[str, Person | None]:
    """Each user among ``ids`` with the roles held now; None who is disabled or gone.

    Machines and agents are left out: their word is their issuer's, and is asked for each time.
    """
    users = {one for one in ids if one.startswith("usr_")}
    if not users:
        return {}
    here = user_account.c.tenant == tx.tenant
    rows = tx.rows(select(user_account).where(here, user_account.c.id.in_(users)))
    found = [user_from(row) for row in rows]
    known = {one.id: None if one.disabled else one.person for one in found}
    return {one: known.get(one) for one in sorted(users)}
