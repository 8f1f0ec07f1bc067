"""What the doctor asks of the ledger: does it hold, and does it go on?"""

from datetime import timedelta

from sqlalchemy import select

from stella.kernel import Outcome, Seen, parse_time
from stella.ledger.attest import Attestor
from stella.ledger.fsck import Rebuilt
from stella.record import Database
from stella.record.tables import chain, fact

_LATE = timedelta(minutes=2)
_SAME = "Restore directory and database from the same backup: stella db restore <backup>"


def ledger_holds(attestor: Attestor, database: Database) -> list[Seen]:
    """Everything that is published gives the last checkpoint, as the database remembers it, and what is
    sealed is logged within two minutes.
    """
    found = attestor.rebuilt()
    if found.faults:
        first = found.faults[0]
        return [Seen(Outcome.BLOCKED, f"{first.path}: {first.detail}", _SAME)]
    late = _late(found, database)
    if late:
        fix = "See the server's log: what logs it does not run."
        return [Seen(Outcome.BLOCKED, late, fix)]
    return [Seen(Outcome.PASS, f"{found.head.size if found.head else 0} entries hold")]


def _late(found: Rebuilt, database: Database) -> str:
    """Which facts should be held by the ledger by now, and are not; empty where none."""
    marks: dict[str, int] = {}
    for one in found.audits.values():
        marks[one.tenant] = max(marks.get(one.tenant, 0), one.position)
    with database.read() as tx:
        for row in tx.rows(select(chain)):
            mark = marks.get(row["tenant"], 0)
            query = select(fact.c.at).where(
                fact.c.tenant == row["tenant"], fact.c.position == mark + 1
            )
            first = tx.row(query)
            if first is not None and tx.now - parse_time(first["at"]) > _LATE:
                return f"facts from {mark + 1} on are sealed since {first['at']}, and not logged"
    return ""
