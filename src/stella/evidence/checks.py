"""What the doctor asks of the evidence: does every ended deployment have its packet?"""

from datetime import timedelta

from sqlalchemy import select

from stella.deployment.store import deployment
from stella.evidence.store import evidence
from stella.kernel import Outcome, Seen, time_text
from stella.record import Database

_LATE = timedelta(minutes=10)
_NAMED_MAX = 3


def packets_are_there(database: Database) -> list[Seen]:
    """A packet is sealed when a deployment has ended: ten minutes later it must be there."""
    with database.read() as tx:
        query = select(deployment.c.id).where(
            deployment.c.tenant == tx.tenant,
            deployment.c.ended_at < time_text(tx.now - _LATE),
            deployment.c.id.not_in(select(evidence.c.subject)),
        )
        missing = [row["id"] for row in tx.rows(query.order_by(deployment.c.id))]
    if missing:
        named = ", ".join(missing[:_NAMED_MAX])
        detail = f"{len(missing)} ended deployments have no packet: {named}"
        fix = "See the server's log of their facts: stella audit list"
        return [Seen(Outcome.BLOCKED, detail, fix)]
    return [Seen(Outcome.PASS, "every ended deployment has its packet")]
