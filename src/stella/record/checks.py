"""What the doctor asks of the records: do the facts hold, are they sealed, are they handled?"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, func, select, text

from stella.kernel import Outcome, Seen, parse_time, time_text
from stella.record.chain import verify_chain
from stella.record.database import Database
from stella.record.tables import fact, fact_pending, fact_unsealed

_CLOCK_OFF_MAX = timedelta(seconds=5)
_UNSEALED_MAX = timedelta(minutes=1)
_PENDING_MAX = timedelta(minutes=5)
_SET_CLOCK = "timedatectl set-ntp true"


def chain_holds(database: Database) -> list[Seen]:
    """No fact was changed, removed or inserted."""
    with database.read() as tx:
        report = verify_chain(tx)
    if not report.good:
        fix = "Compare with a backup: somebody or something changed the records."
        return [Seen(Outcome.BLOCKED, report.detail, fix)]
    return [Seen(Outcome.PASS, f"{report.length} facts hold")]


def clocks_agree(database: Database) -> list[Seen]:
    """The system's clock, the database's, and the newest fact agree on what is past."""
    with database.read() as tx:
        newest = tx.connection.execute(select(func.max(fact.c.at))).scalar()
        now, other = tx.now, None
        if tx.connection.dialect.name == "postgresql":
            other = tx.connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    if other is not None and abs(other.astimezone(UTC) - now) > _CLOCK_OFF_MAX:
        detail = f"the clocks of server and database differ by {abs(other - now)}"
        return [Seen(Outcome.BLOCKED, detail, _SET_CLOCK)]
    if newest is not None and parse_time(newest) - now > _CLOCK_OFF_MAX:
        detail = f"the newest fact is of the future: {newest}"
        return [Seen(Outcome.BLOCKED, detail, _SET_CLOCK)]
    return [Seen(Outcome.PASS, f"{now:%Y-%m-%d %H:%M:%S} UTC")]


def facts_are_sealed(database: Database) -> list[Seen]:
    """Every fact is given its place in the chain within a minute."""
    return _none_older(
        database,
        fact_unsealed.c.fact,
        _UNSEALED_MAX,
        "wait for their place in the chain",
        "Restart the server, and see its log: its sealer does not run.",
    )


def facts_are_handled(database: Database) -> list[Seen]:
    """Every fact that something follows from is handed on within five minutes."""
    return _none_older(
        database,
        fact_pending.c.fact,
        _PENDING_MAX,
        "wait for what follows from them",
        "Restart the server, and see its log: its dispatcher does not run.",
    )


def _none_older(
    database: Database, waiting: Column[str], most: timedelta, what: str, fix: str
) -> list[Seen]:
    with database.read() as tx:
        query = select(func.count(), func.min(fact.c.at)).where(fact.c.id.in_(select(waiting)))
        count, oldest = tx.connection.execute(query).one()
        limit: datetime = tx.now - most
    if oldest is not None and oldest < time_text(limit):
        return [Seen(Outcome.BLOCKED, f"{count} facts {what}, the oldest since {oldest}", fix)]
    return [Seen(Outcome.PASS, f"{count} facts {what}, none for long")]
