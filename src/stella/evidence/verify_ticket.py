"""Checks of a change ticket: a service answered so, by the last fact of it before the decision."""

from msgspec import UNSET

from stella.evidence import names
from stella.evidence.reading import DoesNotHold, expect
from stella.evidence.told import Told, place_of
from stella.promotion.model import DecisionInput

_SAYS = ("url", "status", "approved", "starts_at", "ends_at")


def check_ticket(told: Told, given: DecisionInput) -> None:
    """What is known of the ticket is what the last look-up told."""
    ticket = given.change_ticket
    looked_up = told.of("ChangeTicketLookedUp", given.promotion)
    if ticket is UNSET:
        if looked_up:
            raise DoesNotHold("the decision does not know its ticket", place_of(looked_up[-1]))
        return
    if not looked_up:
        if ticket.looked_up_at is not None or ticket.approved or ticket.status:
            raise DoesNotHold("no fact tells that its ticket was looked up", names.FACTS)
        return
    last = looked_up[-1]
    place = place_of(last)
    expect(f"{ticket.integration}:{ticket.key}", last.data.get("ticket"), "its ticket", place)
    expect(ticket.looked_up_at, last.at, "when the ticket was looked up", place)
    for name in _SAYS:
        key = "is_approved" if name == "approved" else name
        expect(getattr(ticket, name), last.data.get(key), f"the ticket's {name}", place)
