"""Keep how a change ticket stands. Who asks the service is not here: no transaction waits for it."""

from dataclasses import dataclass, replace
from datetime import timedelta

from stella.kernel import parse_time, time_text
from stella.kernel.clock import MalformedTime
from stella.plugin.contract.notifier import Ticket
from stella.promotion.facts import ChangeTicketLookedUp, ChangeTicketUnread
from stella.promotion.known.tickets import (
    ChangeTicket,
    find_ticket,
    named_ticket,
    other_uses,
    update_ticket,
)
from stella.promotion.lifecycle import NOT_BEGUN, State
from stella.promotion.model import Person, TicketInput
from stella.promotion.store import Promotion, find_promotion
from stella.record.transaction import Tx

AGAIN = timedelta(minutes=15)
AGAIN_AFTER_TROUBLE = timedelta(minutes=5)
_URL_MAX, _STATUS_MAX, _TROUBLE_MAX = 2_000, 100, 300


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a service did not answer, without secrets. retry_may_help: whether another try may."""

    why: str
    retry_may_help: bool


def note_ticket(tx: Tx, promotion: str, found: Ticket | Trouble) -> bool:
    """Keep what the service answered, or that it did not; whether that changes what is known of it.

    What was known before trouble stays known, as of its time. A promotion that has begun or ended keeps
    what it was decided by.
    """
    if find_promotion(tx, promotion, lock=True).state not in NOT_BEGUN:
        return False
    before = find_ticket(tx, promotion, lock=True)
    assert before is not None, "only a promotion with a ticket is looked up"
    if isinstance(found, Ticket) and found.key != before.key:
        found = Trouble("the service answered with another ticket", retry_may_help=False)
    if isinstance(found, Trouble):
        return _note_trouble(tx, before, found)
    after = replace(
        before,
        url=_shown(found.url, _URL_MAX) if found.url.startswith(("https://", "http://")) else "",
        status=_shown(found.status, _STATUS_MAX),
        is_approved=found.is_approved is True,
        starts_at=_time(found.starts_at),
        ends_at=_time(found.ends_at),
        looked_up_at=time_text(tx.now),
        trouble="",
        due_at=time_text(tx.now + AGAIN),
    )
    update_ticket(tx, after)
    tx.add(
        ChangeTicketLookedUp(
            promotion,
            after.name,
            after.url,
            after.status,
            after.is_approved,
            after.starts_at,
            after.ends_at,
        )
    )
    return _known(before) != _known(after) or before.looked_up_at is None


def waits_for_ticket(tx: Tx, promotion: Promotion) -> bool:
    """Whether its ticket is being looked up for the first time: judged before that, it would end."""
    if promotion.state is not State.EVALUATING:
        return False
    ticket = find_ticket(tx, promotion.id)
    return ticket is not None and not ticket.was_tried


def ticket_to_be(
    tx: Tx, person: Person, environment: str, name: str, release_digest: str
) -> TicketInput:
    """A ticket that nobody has asked for yet, for a preview. Raises ImpossibleTicket."""
    integration, key = named_ticket(tx, person, environment, name)
    to_be = ChangeTicket("", integration, key, due_at="")
    trouble = "it is looked up when the promotion is asked for"
    uses = other_uses(tx, to_be, release_digest)
    return TicketInput(integration, key, "", "", False, "", "", None, trouble, uses)


def ticket_input(tx: Tx, promotion: Promotion) -> TicketInput | None:
    """The ticket that it names as it is known now; None where it names none."""
    ticket = find_ticket(tx, promotion.id)
    if ticket is None:
        return None
    return TicketInput(
        integration=ticket.integration,
        key=ticket.key,
        url=ticket.url,
        status=ticket.status,
        approved=ticket.is_approved,
        starts_at=ticket.starts_at,
        ends_at=ticket.ends_at,
        looked_up_at=ticket.looked_up_at,
        trouble=ticket.trouble,
        uses=other_uses(tx, ticket, promotion.release_digest),
    )


def _note_trouble(tx: Tx, before: ChangeTicket, found: Trouble) -> bool:
    trouble = _shown(found.why, _TROUBLE_MAX)
    due_at = time_text(tx.now + AGAIN_AFTER_TROUBLE)
    update_ticket(tx, replace(before, trouble=trouble, due_at=due_at))
    if trouble == before.trouble:
        return False
    tx.add(ChangeTicketUnread(before.promotion, before.name, trouble))
    return True


def _time(said: str) -> str:
    """In the one form of times; "" also for what is none, which is as unknown as no time."""
    try:
        return time_text(parse_time(said)) if said else ""
    except MalformedTime:
        return ""


def _shown(text: str, letters_max: int) -> str:
    """As it can be stored, and may stand on a terminal."""
    return "".join(one if one.isprintable() else "?" for one in text[:letters_max])


def _known(ticket: ChangeTicket) -> ChangeTicket:
    """Without when it was looked up."""
    return replace(ticket, looked_up_at=None, due_at="")
