"""Machines that were let in by an issuer's word: named, listed, shut out."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from stella.identity.errors import AssertionNotForUs, UnknownLogin
from stella.identity.facts import MachineChanged
from stella.identity.jwt import Verified
from stella.identity.login_documents import end_machine_tokens
from stella.identity.machine_login import MachineLogin
from stella.identity.store import machine
from stella.kernel import Remedy, parse_time, time_text
from stella.record import Tx

PREFIX = "mch_"
MACHINES_MAX = 10_000
"""Of one document. Who names a branch must not fill the records."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A job, or whatever one value of the identity claim stands for."""

    id: str
    login: str
    name: str
    issuer: str
    disabled: bool
    first_at: datetime
    last_at: datetime


def machine_name(login: MachineLogin, verified: Verified) -> str:
    """As the audit shows it: ``ci:github:acme/shop``. Raises AssertionNotForUs."""
    value = verified.claims.get(login.identity)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).isprintable():
        raise AssertionNotForUs(
            f"the token lets nobody in: its claim {login.identity} is no text to name a machine by",
            remedy=Remedy("Let `identity` of the MachineLogin name another claim."),
        )
    return f"ci:{login.name}:{str(value)[:255]}"


def machine_id(login: str, name: str) -> str:
    """The same machine has the same id, so that its first fact is its own."""
    return PREFIX + hashlib.sha256(f"{login}\n{name}".encode()).hexdigest()[:26]


def seen_machine(tx: Tx, machine_id: str, *, login: str, name: str, issuer: str) -> None:
    """It was let in now. Raises AssertionNotForUs where it was shut out, or there are too many."""
    row = tx.row(select(machine).where(machine.c.id == machine_id, machine.c.tenant == tx.tenant))
    if row is None:
        count = select(func.count()).where(machine.c.tenant == tx.tenant, machine.c.login == login)
        if tx.connection.execute(count).scalar_one() >= MACHINES_MAX:
            raise AssertionNotForUs(
                f"the token lets nobody in: {login} knows {MACHINES_MAX} machines already",
                remedy=Remedy("Let its `identity` name a claim with fewer values (repository)."),
            )
        tx.connection.execute(
            machine.insert(),
            {
                "id": machine_id,
                "tenant": tx.tenant,
                "login": login,
                "name": name,
                "issuer": issuer,
                "disabled": False,
                "first_at": time_text(tx.now),
                "last_at": time_text(tx.now),
            },
        )
        return
    if row["disabled"]:
        raise AssertionNotForUs(
            "the token lets nobody in: the machine was shut out",
            remedy=Remedy("Ask an administrator.", command="stella machine enable NAME"),
        )
    values = {"last_at": time_text(tx.now), "issuer": issuer}
    tx.connection.execute(update(machine).where(machine.c.id == machine_id), values)


def list_machines(tx: Tx, login: str | None = None, limit: int = 500) -> tuple[Machine, ...]:
    """Those that were here last, first."""
    query = select(machine).where(machine.c.tenant == tx.tenant)
    if login is not None:
        query = query.where(machine.c.login == login)
    rows = tx.rows(query.order_by(machine.c.last_at.desc(), machine.c.id).limit(limit))
    return tuple(_machine(row) for row in rows)


def find_machine(tx: Tx, text: str) -> Machine:
    """By id or name. Raises UnknownLogin."""
    key = machine.c.id if text.startswith(PREFIX) else machine.c.name
    row = tx.row(select(machine).where(machine.c.tenant == tx.tenant, key == text[:400]))
    if row is None:
        raise UnknownLogin(
            f"there is no machine {text[:80]!r}",
            remedy=Remedy("Copy its name from the list.", command="stella machine list"),
        )
    return _machine(row)


def change_machine(tx: Tx, text: str, *, disabled: bool) -> Machine:
    """Shut it out, which ends what it was given; or let it in again. Raises UnknownLogin."""
    found = find_machine(tx, text)
    if found.disabled != disabled:
        tx.connection.execute(
            update(machine).where(machine.c.id == found.id), {"disabled": disabled}
        )
        if disabled:
            end_machine_tokens(tx, machine_id=found.id)
        tx.add(MachineChanged(found.id, found.name, disabled))
    return find_machine(tx, found.id)


def _machine(row: Mapping[Any, Any]) -> Machine:
    return Machine(
        id=row["id"],
        login=row["login"],
        name=row["name"],
        issuer=row["issuer"],
        disabled=bool(row["disabled"]),
        first_at=parse_time(row["first_at"]),
        last_at=parse_time(row["last_at"]),
    )
