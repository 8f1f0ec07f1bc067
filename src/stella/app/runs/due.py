"""What waits in runs for a time is a row with that time; here its time comes."""

import logging
from collections.abc import Callable
from dataclasses import replace

from stella.app.runs.acts.listening import WAITED, listen_again
from stella.kernel import time_text
from stella.record import Database, Tx
from stella.record.errors import DatabaseUnusable
from stella.workflow.errors import StepTimedOut
from stella.workflow.run.lifecycle import RunState
from stella.workflow.run.nodes import look_at_node
from stella.workflow.run.request import give_up
from stella.workflow.run.store import due_nodes, find_node, find_run, overdue_runs

_BATCH = 100

_log = logging.getLogger("stella.runs")


def look_at_runs(database: Database, is_over: Callable[[], bool]) -> int:
    """Look at every node and every run whose time has come, each in its own transaction; how many.

    One that cannot be moved is logged, and holds up no other.
    """
    done: set[str] = set()
    while True:
        with database.read() as tx:
            nodes, runs = due_nodes(tx, _BATCH), overdue_runs(tx, _BATCH)
        looks = [(_look, one) for one in nodes] + [(_end_late, one) for one in runs]
        left = [(look, one) for look, one in looks if one not in done]
        for look, one in left:
            if is_over():
                return len(done)
            done.add(one)
            try:
                with database.transaction(actor="system") as tx:
                    look(tx, one)
            except DatabaseUnusable:
                raise  # which says nothing about this one
            except Exception:  # noqa: BLE001 - the others have their time too
                _log.exception("%s could not be looked at", one)
        if len(left) < _BATCH:
            return len(done)


def _look(tx: Tx, node_id: str) -> None:
    node = find_node(tx, node_id)
    is_early = node.deadline_at is None or node.deadline_at > time_text(tx.now)
    if node.waits_for.startswith(WAITED) and is_early:
        listen_again(tx, node)
    else:
        look_at_node(tx, node_id)


def _end_late(tx: Tx, run_id: str) -> None:
    run = find_run(tx, run_id, lock=True)
    if run.state in {RunState.QUEUED, RunState.RUNNING}:
        message = f"it was not done by {run.deadline_at}"
        at = time_text(tx.now)
        give_up(tx, replace(run, cancel_asked_at=at, code=StepTimedOut.code, message=message))
