"""Who is told? Rules that say which facts go to which channel, and what became of each message."""

from stella.notify.apply import apply_notification
from stella.notify.deliver import Delivery, claim_due, note_failed, note_sent
from stella.notify.events import EVENTS
from stella.notify.queue import queue_messages

__all__ = [
    "EVENTS",
    "Delivery",
    "apply_notification",
    "claim_due",
    "note_failed",
    "note_sent",
    "queue_messages",
]
