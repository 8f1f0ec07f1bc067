"""What the doctor asks of deployments: does any wait for an agent that does not come?"""

from collections.abc import Collection
from datetime import timedelta

from stella.deployment.lifecycle import TargetState
from stella.deployment.store import list_open_deployments, list_target_deployments
from stella.kernel import Outcome, Seen, parse_time
from stella.record import Database

_PATIENCE = timedelta(minutes=2)


def deployments_go_on(database: Database, heard: Collection[str]) -> list[Seen]:
    """No target waits for an agent that is not heard. heard: the names of those that are."""
    found = []
    with database.read() as tx:
        opened, limit = list_open_deployments(tx), tx.now - _PATIENCE
        for deployment in opened:
            for part in list_target_deployments(tx, deployment.id):
                waits = part.state in {TargetState.ORDERED, TargetState.RUNNING}
                is_late = parse_time(part.started_at or deployment.started_at) < limit
                if waits and is_late and part.agent not in heard:
                    detail = f"{part.target} waits for the agent {part.agent}, which is not heard"
                    fix = "On its host: stella agent run"
                    found.append(Seen(Outcome.BLOCKED, detail, fix, deployment.id))
    return found or [Seen(Outcome.PASS, f"{len(opened)} are under way, and go on")]
