"""What the doctor asks of notifications: are they taken?"""

from stella.kernel import Outcome, Seen
from stella.notify.model import MessageState
from stella.notify.store import list_messages, list_notifications
from stella.record import Database


def messages_are_taken(database: Database) -> list[Seen]:
    """The last message by each rule that is on was taken."""
    found = []
    with database.read() as tx:
        rules = [one.rule.name for one in list_notifications(tx) if one.rule.enabled]
        for rule in rules:
            last = next(iter(list_messages(tx, rule=rule, limit=1)), None)
            if last is None or not last.detail or last.state is MessageState.SENT:
                continue
            is_over = last.state is MessageState.FAILED
            found.append(
                Seen(
                    Outcome.BLOCKED if is_over else Outcome.UNKNOWN,
                    f"the last message {'failed' if is_over else 'is tried again'}: {last.detail}",
                    f"stella notification sent --rule {rule}",
                    rule,
                )
            )
    return found or [Seen(Outcome.PASS, f"{len(rules)} rules, every last message was taken")]
