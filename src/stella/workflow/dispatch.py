"""Starts a durable run for each fact that waits for its handler."""

from stella.record import Database, drop_pending, pending_facts
from stella.workflow.durable import Runs
from stella.workflow.trigger.store import heard_events

_BATCH = 100


def dispatch(database: Database, runs: Runs, only_heard: frozenset[str] = frozenset()) -> int:
    """Start every waiting handler; how many. Ended in the middle, it starts them again: no matter.

    only_heard: kinds from which nothing follows but what triggers and waiting steps hear; where none
    does, no run is begun for them.

    A run's id is its fact's, so that two dispatchers, or one that was killed between the start and
    the forgetting, begin nothing twice.
    """
    started = 0
    while True:
        with database.read() as tx:
            waiting = pending_facts(tx, _BATCH)
            maybe = only_heard & {kind for _, kind in waiting}
            unheard = maybe - heard_events(tx, maybe) if maybe else maybe
        if not waiting:
            return started
        for fact, kind in waiting:
            if kind not in unheard:
                runs.start(kind, fact)
        with database.transaction(actor="system") as tx:
            drop_pending(tx, [fact for fact, _ in waiting])
        started += len(waiting)
