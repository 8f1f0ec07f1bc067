"""A channel in memory, for tests: it passes the kit that the connectors of real ones pass."""

from dataclasses import dataclass, field
from threading import Lock

from stella.kernel import Remedy, StellaError
from stella.plugin.contract.notifier import Message, SentMessage, Ticket
from stella.plugin.refusals import NotThere, ServiceRefused, ServiceUnreachable
from stella.sdk.message_text import TITLE_MAX, as_text, one_line


@dataclass(slots=True)
class SimulatedNotifier:
    """``stella.sdk.Notifier`` in memory.

    messages: reference -> what was told, oldest first. tickets: key -> how it stands.
    is_out: it cannot be reached. is_shut: it lets nobody in. is_gone: there is no such channel.
    """

    is_out: bool = False
    is_shut: bool = False
    is_gone: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def seen(self) -> tuple[str, ...]:
        """What people read of each message, oldest first."""
        return tuple(
            f"{one_line(one.title, TITLE_MAX)}\n{as_text(one)}" for one in self.messages.values()
        )

    def send(self, message: Message) -> SentMessage:
        """Keep it under its key, once."""
        self._let_in()
        with self._lock:
            self.messages.setdefault(message.key, message)
        return SentMessage(message.key)

    def update(self, reference: str, message: Message) -> SentMessage:
        """Keep another one in its place."""
        self._let_in()
        with self._lock:
            if reference not in self.messages:
                raise _gone("message")
            self.messages[reference] = message
        return SentMessage(reference)

    def ticket(self, key: str) -> Ticket:
        """The one that was put there."""
        self._let_in()
        if key not in self.tickets:
            raise _gone("ticket")
        return self.tickets[key]

    def check(self) -> str:
        """That it is simulated."""
        self._let_in()
        return "simulated channel"

    def _let_in(self) -> None:
        refusal: StellaError | None = None
        if self.is_out:
            refusal = ServiceUnreachable(
                "the simulated channel cannot be reached", remedy=Remedy("Set `is_out` to False.")
            )
        elif self.is_shut:
            refusal = ServiceRefused(
                "the simulated channel lets nobody in", remedy=Remedy("Set `is_shut` to False.")
            )
        elif self.is_gone:
            refusal = _gone("channel")
        if refusal is not None:
            raise refusal


def _gone(what: str) -> NotThere:
    return NotThere(f"the simulated channel has no such {what}", remedy=Remedy("Name another."))
