"""Look change tickets up, outside of every transaction: for a new promotion, and again while it waits."""

from datetime import timedelta

from stella.api.services import Services
from stella.app.carrying import ServerStops, Work
from stella.kernel import Remedy, StellaError, time_text
from stella.plugin.contract.core import Kind
from stella.plugin.contract.notifier import Ticket
from stella.plugin.refusals import PluginErrored
from stella.promotion.assemble import Deciding
from stella.promotion.evaluate import evaluate_promotion, waits_for_scan
from stella.promotion.known.look_up import Trouble, note_ticket
from stella.promotion.known.tickets import (
    ChangeTicket,
    due_tickets,
    find_ticket,
    put_off,
    update_ticket,
)
from stella.promotion.lifecycle import NOT_BEGUN
from stella.promotion.store import find_promotion
from stella.record import StoredFact

_ATTEMPTS = 3
_BATCH = 50
_LEASE = timedelta(minutes=10)


def look_up_by(
    services: Services, integration: str, key: str, environment: str
) -> Ticket | Trouble:
    """The ticket as the service has it now, or why it does not tell."""
    refusal: StellaError
    try:
        made = services.outside.connected(Kind.NOTIFIER, integration, environment=environment)
        found = made.ticket(key)
        if isinstance(found, Ticket):
            return found
        refusal = _errored(f"the connector of {integration} gives no ticket")
    except StellaError as error:
        refusal = error
    except Exception as error:  # noqa: BLE001 - a connector's bug is its own, not the server's
        refusal = _errored(f"the connector of {integration} broke: {type(error).__name__}")
    why = services.outside.masked(f"{refusal} ({refusal.code})")
    return Trouble(why, refusal.retry_may_help)


def _errored(why: str) -> PluginErrored:
    return PluginErrored(why, remedy=Remedy("Report it to who publishes the connector."))


def look_up_asked(work: Work, fact: StoredFact) -> None:
    """A promotion was asked for: how does the ticket stand that it names? Judging comes after that."""
    with work.database.read(fact.tenant) as tx:
        ticket = find_ticket(tx, fact.subject)
        promotion = find_promotion(tx, fact.subject)
    if ticket is None or ticket.was_tried or promotion.state not in NOT_BEGUN:
        return
    found = _tried(work, ticket, promotion.environment)
    with work.because(fact) as tx:
        note_ticket(tx, fact.subject, found)


def look_up_due(services: Services, deciding: Deciding) -> int:
    """Look those up again whose time has come, of promotions that wait; how many of them changed."""
    changed = 0
    while not services.stopping.is_set():
        for ticket, environment in (claimed := _claimed(services)):
            if services.stopping.is_set():
                return changed
            found = look_up_by(services, ticket.integration, ticket.key, environment)
            with services.database.transaction(actor="system") as tx:
                is_other = note_ticket(tx, ticket.promotion, found)
            if is_other:
                changed += 1
                _judge(services, deciding, ticket.promotion)
        if len(claimed) < _BATCH:
            return changed
    return changed


def _claimed(services: Services) -> list[tuple[ChangeTicket, str]]:
    """Put off by a lease, so that two servers do not ask for the same at the same time."""
    with services.database.read() as tx:
        due = due_tickets(tx, time_text(tx.now), frozenset(NOT_BEGUN), _BATCH)
    claimed = []
    for one in due:
        with services.database.transaction(actor="system") as tx:
            promotion = find_promotion(tx, one.promotion, lock=True)
            known = find_ticket(tx, one.promotion, lock=True)
            if known is not None and known.due_at == one.due_at:
                update_ticket(tx, put_off(known, time_text(tx.now + _LEASE)))
                claimed.append((known, promotion.environment))
    return claimed


def _judge(services: Services, deciding: Deciding, promotion: str) -> None:
    with services.database.transaction(actor="system") as tx:
        if not waits_for_scan(tx, find_promotion(tx, promotion)):
            evaluate_promotion(tx, promotion, deciding, services.keys.evidence)


def _tried(work: Work, ticket: ChangeTicket, environment: str) -> Ticket | Trouble:
    for attempt in range(1, _ATTEMPTS):
        found = work.look_up(ticket.integration, ticket.key, environment)
        if isinstance(found, Ticket) or not found.retry_may_help:
            return found
        if work.stopping.wait(work.wait_s * attempt):
            raise ServerStops
    return work.look_up(ticket.integration, ticket.key, environment)
