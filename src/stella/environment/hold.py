"""Hold an environment: nothing goes into it by itself until somebody moves it on."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, String, Table, Text, select

from stella.environment.errors import ImpossibleHold, NotHeld
from stella.environment.facts import EnvironmentHeld, EnvironmentResumed
from stella.environment.store import find_environment
from stella.kernel import Remedy, time_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

_REASON_CHARACTERS_MAX = 1000

environment_hold = Table(
    "environment_hold",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("environment", String(80), primary_key=True),
    Column("at", String(27), nullable=False),
    Column("by", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("promotion", String(40)),
)


@dataclass(frozen=True, slots=True)
class Hold:
    """While it stands, nothing is promoted there automatically; what people ask for is.

    by: a user's id. promotion: the rollback that holds it; None where a person did it by hand.
    """

    environment: str
    at: str
    by: str
    reason: str
    promotion: str | None = None


def hold_environment(tx: Tx, name: str, reason: str) -> Hold:
    """Hold it by hand. Raises UnknownEnvironment, ImpossibleHold."""
    find_environment(tx, name, lock=True)
    held = find_hold(tx, name)
    if held is not None:
        raise ImpossibleHold(
            f"{name} is held since {held.at}: {held.reason}",
            remedy=Remedy("Nothing is left to do.", command=f"stella environment get {name}"),
            environment=name,
        )
    return _hold(tx, name, _checked(name, reason), None)


def hold_for_rollback(tx: Tx, name: str, reason: str, promotion: str) -> None:
    """What goes back stays back; an older hold stays as it is. The caller holds the environment."""
    if find_hold(tx, name) is None:
        _hold(tx, name, f"rolled back: {reason}"[:_REASON_CHARACTERS_MAX], promotion)


def resume_environment(tx: Tx, name: str, reason: str) -> Hold:
    """End its hold by hand; what it was. Raises UnknownEnvironment, NotHeld, ImpossibleHold."""
    find_environment(tx, name, lock=True)
    held = find_hold(tx, name)
    if held is None:
        raise NotHeld(
            f"{name} is not held",
            remedy=Remedy("Nothing is left to do.", command=f"stella environment get {name}"),
            environment=name,
        )
    end_hold(tx, held, _checked(name, reason))
    return held


def end_hold(tx: Tx, held: Hold, reason: str, promotion: str | None = None) -> None:
    """It is held no more. promotion: that moved it on, or whose rollback did not begin."""
    table = environment_hold.c
    tx.connection.execute(
        environment_hold.delete().where(
            table.tenant == tx.tenant, table.environment == held.environment
        )
    )
    tx.add(EnvironmentResumed(held.environment, reason, promotion))


def find_hold(tx: Tx, name: str) -> Hold | None:
    """The hold of an environment; None where it is not held."""
    return holds(tx).get(name)


def holds(tx: Tx) -> dict[str, Hold]:
    """By environment, those that are held."""
    rows = tx.rows(select(environment_hold).where(environment_hold.c.tenant == tx.tenant))
    return {row["environment"]: _of(row) for row in rows}


def _hold(tx: Tx, name: str, reason: str, promotion: str | None) -> Hold:
    value = Hold(name, time_text(tx.now), tx.actor, reason, promotion)
    tx.connection.execute(environment_hold.insert(), {"tenant": tx.tenant, **columns_of(value)})
    tx.add(EnvironmentHeld(name, reason, promotion))
    return value


def _checked(name: str, reason: str) -> str:
    said = reason.strip()
    if not 0 < len(said) <= _REASON_CHARACTERS_MAX:
        raise ImpossibleHold(
            f"who holds {name} or lets it go on says why,"
            f" in {_REASON_CHARACTERS_MAX} characters at most",
            remedy=Remedy("Give a reason."),
            environment=name,
        )
    return said


def _of(row: Any) -> Hold:
    return Hold(**fields_of(row))
