"""Take what is due, and keep how it ended. Who sends it is not here: no transaction waits for a service.

An attempt is a lease: it is counted and put off when it is begun, so that a server that ends in the
middle of it loses nothing, and two servers do not send the same message at the same time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from stella.kernel import StellaError, time_text
from stella.notify.facts import MessageFailed, MessageSent
from stella.notify.model import MessageState, QueuedMessage
from stella.notify.store import due_messages, find_message, update_message
from stella.plugin.contract.notifier import Choice, Message, SentMessage, Severity
from stella.record.transaction import Tx

WAITS_S = (10, 60, 300, 900, 3600, 10_800)
"""How long until the next attempt, after the first, the second, and so on; then it is given up."""

ATTEMPTS_MAX = len(WAITS_S) + 1
LEASE = timedelta(minutes=10)
_DETAIL_MAX = 500
_REFERENCE_MAX = 2000
Masked = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """An attempt that has begun: it is ours until ``row.due_at``."""

    row: QueuedMessage

    def message(self, masked: Masked) -> Message:
        """What is sent. masked: text without the secrets that were read."""
        content = self.row.content
        fields, choices = content["fields"], content["choices"]
        assert isinstance(fields, Mapping)
        assert isinstance(choices, list)
        return Message(
            key=f"{self.row.subject}:{self.row.id}",
            title=masked(str(content["title"])),
            text=masked(str(content["text"])),
            severity=Severity(str(content["severity"])),
            fields={str(name): masked(str(text)) for name, text in fields.items()},
            url=str(content["url"]),
            choices=tuple(
                Choice(str(one["name"]), str(one["title"]), str(one["url"]), str(one["about"]))
                for one in choices
                if isinstance(one, Mapping)
            ),
        )


def claim_due(tx: Tx, limit: int, busy: frozenset[str] = frozenset()) -> tuple[Delivery, ...]:
    """Begin an attempt at each message that is due. busy: integrations that are left out."""
    claimed = []
    for found in due_messages(tx, limit):
        if found.integration in busy:
            continue
        begun = replace(found, attempts=found.attempts + 1, due_at=time_text(tx.now + LEASE))
        if update_message(tx, begun, due_at=found.due_at):
            claimed.append(Delivery(begun))
    return tuple(claimed)


def release(tx: Tx, delivery: Delivery) -> None:
    """Nothing was tried, which is no attempt: it is due again shortly."""
    row = delivery.row
    due_at = time_text(tx.now + timedelta(seconds=WAITS_S[0]))
    free = replace(row, attempts=row.attempts - 1, due_at=due_at)
    update_message(tx, free, due_at=row.due_at)


def note_sent(tx: Tx, delivery: Delivery, sent: SentMessage) -> None:
    """The service has it."""
    row = delivery.row
    after = replace(
        row,
        state=MessageState.SENT,
        ended_at=time_text(tx.now),
        detail="",
        reference=sent.reference[:_REFERENCE_MAX],
        url=sent.url[:_REFERENCE_MAX],
    )
    if update_message(tx, after, due_at=row.due_at):
        tx.add(MessageSent(row.id, row.rule, row.integration, row.event, row.attempts))


def note_failed(tx: Tx, delivery: Delivery, refusal: StellaError, masked: Masked) -> None:
    """The attempt failed: later again where that may help, else it is given up."""
    row = find_message(tx, delivery.row.id, lock=True)
    detail = masked(f"{refusal} ({refusal.code})")[:_DETAIL_MAX]
    is_last = row.attempts >= ATTEMPTS_MAX or not refusal.retry_may_help
    if not is_last:
        due_at = time_text(tx.now + timedelta(seconds=WAITS_S[row.attempts - 1]))
        again = replace(row, due_at=due_at, detail=detail)
        update_message(tx, again, due_at=delivery.row.due_at)
        return
    ended = replace(row, state=MessageState.FAILED, ended_at=time_text(tx.now), detail=detail)
    if update_message(tx, ended, due_at=delivery.row.due_at):
        tx.add(
            MessageFailed(
                row.id, row.rule, row.integration, row.event, row.attempts, refusal.code, detail
            )
        )
