"""Triggers: what starts runs of workflows when nobody asks."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from stella.api.asked import Viewer
from stella.api.errors import InvalidRequest
from stella.api.looking import Configurer, Cursor, Limit, Runner, after_of, look, page
from stella.api.views.base import Body, Page
from stella.api.views.triggers import (
    EventTypeView,
    FiringView,
    TriedView,
    TriggerView,
    event_view,
    firing_view,
    tried_view,
    trigger_view,
)
from stella.identity import Permission, Role, permissions_of
from stella.identity.people import present
from stella.kernel import Remedy
from stella.kernel.names import nearest
from stella.record import Tx
from stella.workflow.shapes import shape_of_value
from stella.workflow.trigger.apply import delete_trigger, trigger_faults
from stella.workflow.trigger.fire import answer
from stella.workflow.trigger.lend import lend
from stella.workflow.trigger.model import COMMON, SCHEDULE, EventType, Happened
from stella.workflow.trigger.store import find_trigger, last_firings, list_firings, list_triggers

router = APIRouter(tags=["workflows"])


class Lending(Body):
    """digest: of the trigger, as whoever asks saw it."""

    digest: str


class Tried(Body):
    """An event to try a trigger with. data: its fields; one that is left out is empty."""

    subject: str = ""
    data: dict[str, Any] = Field(default_factory=dict)


@router.get("/event-types")
def get_event_types(asked: Viewer) -> Page[EventTypeView]:
    """What triggers can hear of, by name, with what is known of it then."""
    events = asked.services.events
    return Page(items=[event_view(events[name]) for name in sorted(events)])


@router.get("/triggers")
def get_triggers(asked: Viewer, *, workflow: str | None = None) -> Page[TriggerView]:
    """Triggers, by name."""
    kinds, events = asked.services.kinds(), asked.services.events
    with asked.read() as tx:
        looking, last = look(asked, tx), last_firings(tx)
        return Page(
            items=[
                trigger_view(
                    looking,
                    one,
                    trigger_faults(tx, one, events, kinds),
                    last.get(one.name),
                )
                for one in list_triggers(tx)
                if workflow in {None, one.trigger.workflow}
            ]
        )


@router.get("/triggers/{trigger}")
def get_trigger(asked: Viewer, trigger: str) -> TriggerView:
    """One trigger."""
    kinds, events = asked.services.kinds(), asked.services.events
    with asked.read() as tx:
        known = find_trigger(tx, trigger)
        faults = trigger_faults(tx, known, events, kinds)
        return trigger_view(look(asked, tx), known, faults, last_firings(tx).get(trigger))


@router.delete("/triggers/{trigger}", status_code=204)
def delete_trigger_(asked: Configurer, trigger: str) -> Response:
    """End a trigger; the runs that it started go on."""
    return asked.once(lambda tx: delete_trigger(tx, trigger), status=204)


@router.get("/triggers/{trigger}/firings")
def get_firings(
    asked: Viewer, trigger: str, *, cursor: Cursor = None, limit: Limit = 50
) -> Page[FiringView]:
    """What became of the events that it answered, the newest first; kept for thirty days."""
    with asked.read() as tx:
        find_trigger(tx, trigger)
        rows = list_firings(tx, trigger, before=after_of(cursor), limit=limit)
        return page(rows, limit, firing_view, lambda one: one.id)


@router.post("/triggers/{trigger}/lend", response_model=TriggerView)
def post_trigger_lend(asked: Runner, trigger: str, body: Lending) -> Response:
    """Let its runs go with the rights of whoever asks, for its workflow as it stands.

    They were somebody else's before, or nobody's: a repository applied it, or its workflow was changed.
    Whoever may change environments may put fewer rights in the place of another's.
    """
    kinds, events = asked.services.kinds(), asked.services.events
    with asked.read() as tx:
        known = find_trigger(tx, trigger)
        lender = present(tx, (known.by,)).get(known.by)
    lent = permissions_of(Role(one) for one in known.roles) if lender is not None else frozenset()
    if lent - asked.principal.permissions:
        asked.must(Permission.ENVIRONMENT_CHANGE, f"POST /triggers/{trigger[:80]}/lend")
    roles = frozenset(role.value for role in asked.principal.roles)

    def do(tx: Tx) -> TriggerView:
        known = lend(tx, trigger, roles=roles, digest=body.digest)
        return trigger_view(look(asked, tx), known, trigger_faults(tx, known, events, kinds), None)

    return asked.once(do)


@router.post("/triggers/{trigger}/try")
def post_trigger_try(asked: Viewer, trigger: str, body: Tried) -> TriedView:
    """What it would do about such an event. Nothing is started, and nothing is stored."""
    with asked.read() as tx:
        known = find_trigger(tx, trigger)
    kind = asked.services.events.get(known.trigger.on.event, SCHEDULE)
    refuse_strange(kind, body.data)
    data = {**{name: shape.empty for name, shape in kind.fields.items()}, **body.data}
    return tried_view(answer(known.trigger, Happened(kind.name, "", body.subject, data)))


def refuse_strange(kind: EventType, data: Mapping[str, Any]) -> None:
    """Return where each value is what such an event has there. Raises InvalidRequest."""
    fields = {**COMMON, **kind.fields}
    for name, value in data.items():
        known, shape = fields.get(name), shape_of_value(value)
        if known is None:
            why = f"{kind.name} has no field {name[:60]!r}{nearest(name, fields)}"
        elif not known.takes(shape):
            why = f"{name} of {kind.name} is a {known}, and this is a {shape}"
        else:
            continue
        raise InvalidRequest(why, remedy=Remedy("See its fields.", "stella trigger events"))
