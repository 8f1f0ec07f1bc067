"""Triggers: what happened starts runs, and so does the clock."""

import logging
from collections.abc import Callable

from stella.app.carrying import Work
from stella.app.runs.acts.act import roles_left
from stella.app.runs.acts.listening import WAITED, hear
from stella.app.runs.events import happened, told
from stella.hub.delivery import Delivery
from stella.identity import Permission, Role, permissions_of
from stella.kernel import Remedy
from stella.record import Database, StoredFact, Tx
from stella.record.errors import DatabaseUnusable
from stella.workflow.definition.kinds import Kinds
from stella.workflow.errors import RightlessTrigger
from stella.workflow.run.store import nodes_waiting_for
from stella.workflow.trigger.fire import come_due, fire
from stella.workflow.trigger.model import Firing, KnownTrigger
from stella.workflow.trigger.store import due_triggers, list_triggers

_log = logging.getLogger("stella.triggers")


def start_triggered(work: Work, fact: StoredFact) -> None:
    """Something happened: the triggers that hear of it start their runs, each in its own transaction."""
    with work.database.read(fact.tenant) as tx:
        names = [one.name for one in list_triggers(tx, event=fact.kind) if one.trigger.enabled]
        is_waited_for = bool(nodes_waiting_for(tx, f"{WAITED}{fact.kind}"))
        event = happened(tx, fact) if names or is_waited_for else None
    if event is None:
        return
    for name in names:
        with work.because(fact) as tx:
            fire(tx, work.kinds(), name, event, allowed)
    if is_waited_for:
        with work.because(fact) as tx:
            hear(tx, event)


def start_told(tx: Tx, kinds: Callable[[], Kinds], delivery: Delivery) -> list[Firing]:
    """What a delivery says starts runs, in the transaction in which it is handled. A trigger that breaks
    holds up nothing else of it.
    """
    fired: list[Firing | None] = []
    for event in told(delivery):
        for one in list_triggers(tx, event=event.type):
            try:
                with tx.part():
                    fired.append(fire(tx, kinds(), one.name, event, allowed))
            except DatabaseUnusable:
                raise
            except Exception:  # noqa: BLE001 - it is one trigger's trouble, not the others'
                _log.exception("the trigger %s at %s", one.name, event.key)
        hear(tx, event)
    return [one for one in fired if one is not None]


def look_at_schedules(
    database: Database, kinds: Callable[[], Kinds], is_over: Callable[[], bool]
) -> int:
    """Start what is due by now; how many triggers were looked at. One that breaks holds up no other."""
    with database.read() as tx:
        due = due_triggers(tx)
    for done, name in enumerate(due):
        if is_over():
            return done
        try:
            with database.transaction(actor="system") as tx:
                come_due(tx, kinds(), name, allowed)
        except DatabaseUnusable:
            raise  # which says nothing about this one
        except Exception:  # noqa: BLE001 - the others have their time too
            _log.exception("the trigger %s could not be looked at", name)
    return len(due)


def allowed(tx: Tx, known: KnownTrigger) -> tuple[str, ...]:
    """Of the roles that were lent to a trigger, those that whoever lent them has still.

    Raises RightlessTrigger where what is left may not run workflows.
    """
    is_person = known.by.startswith("usr_")  # a machine's rights end with its token
    left = roles_left(tx, known.by, known.roles) if is_person else frozenset()
    if Permission.WORKFLOW_RUN not in permissions_of(Role(one) for one in left):
        raise RightlessTrigger(
            f"the trigger {known.name} may start no runs: who lent it rights may not any more",
            remedy=Remedy(
                "Let somebody lend it theirs who may.", f"stella trigger lend {known.name}"
            ),
            trigger=known.name,
        )
    return tuple(sorted(left))
