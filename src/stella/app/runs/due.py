"""What waits in runs for a time is a row with that time; here its time comes."""

from collections.abc import Callable
from dataclasses import replace

from stella.kernel import time_text
from stella.record import Database
from stella.workflow.errors import StepTimedOut
from stella.workflow.run.lifecycle import RunState
from stella.workflow.run.nodes import look_at_node
from stella.workflow.run.request import give_up
from stella.workflow.run.store import due_nodes, find_run, overdue_runs

_BATCH = 100


def look_at_runs(database: Database, is_over: Callable[[], bool]) -> int:
    """Look at every node and every run whose time has come, each in its own transaction; how many."""
    done = 0
    while True:
        with database.read() as tx:
            nodes, runs = due_nodes(tx, _BATCH), overdue_runs(tx, _BATCH)
        for node in nodes:
            if is_over():
                return done
            with database.transaction(actor="system") as tx:
                look_at_node(tx, node)
            done += 1
        for run in runs:
            with database.transaction(actor="system") as tx:
                found = find_run(tx, run, lock=True)
                if found.state in {RunState.QUEUED, RunState.RUNNING}:
                    give_up(
                        tx,
                        replace(
                            found,
                            cancel_asked_at=time_text(tx.now),
                            code=StepTimedOut.code,
                            message=f"it was not done by {found.deadline_at}",
                        ),
                    )
            done += 1
        if max(len(nodes), len(runs)) < _BATCH:
            return done
