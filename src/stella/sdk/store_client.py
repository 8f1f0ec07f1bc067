"""What every secret store's connector needs: one bounded HTTP exchange, and refusals that tell nothing.

A refusal names the store, the reference and the status, never a part of what was sent or received, and
nothing hangs on it that could be printed instead: no cause, no context.
"""

import json
from collections.abc import Mapping

from stella.kernel import Remedy
from stella.plugin.refusals import SecretNotFound, SecretStoreRefused, SecretStoreUnreachable
from stella.sdk.exchange import Exchange, Reply
from stella.sdk.http import json_object

__all__ = ["Reply", "StoreClient", "quoted", "value_text"]
_BUSY = frozenset({408, 412, 425, 429})


class StoreClient(Exchange):
    """Exchanges with one secret store. Safe for several threads."""

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Reply:
        """One exchange. Raises SecretStoreUnreachable, also for what another try may mend."""
        reply = self.once(method, url, headers, content)
        if reply.status in _BUSY or not (reply.is_success or 400 <= reply.status < 500):
            raise self.unreachable(f"HTTP {reply.status}")
        return reply

    def field(self, text: str, key: str | None, what: str) -> str:
        """The field ``key`` of a secret that is a JSON object; without one the whole text.

        what: the secret, for people. Raises SecretNotFound.
        """
        if key is None:
            return text
        fields = json_object(text)
        if fields is None or fields.get(key) is None:
            why = "it has no fields" if fields is None else "name one that it has"
            raise self.not_found(
                f"field {quoted(key)} in {what}", f"Check the field and the secret: {why}."
            )
        return value_text(fields[key])

    def unreachable(self, why: str, advice: str = "") -> SecretStoreUnreachable:
        """No usable answer."""
        return SecretStoreUnreachable(
            f"{self.title} at {self.host} gives no usable answer: {why}",
            remedy=Remedy(
                advice or "Check its address and certificate, and that it runs; then try again."
            ),
            store=self.host,
        )

    def refused(self, why: str, advice: str) -> SecretStoreRefused:
        """We are not let in, or not to that secret."""
        return SecretStoreRefused(
            f"{self.title} at {self.host} cannot be used: {why}",
            remedy=Remedy(advice),
            store=self.host,
        )

    def not_found(self, what: str, advice: str) -> SecretNotFound:
        """There is no such secret, or no such field."""
        return SecretNotFound(
            f"{self.title} at {self.host} has no {what}", remedy=Remedy(advice), store=self.host
        )


def value_text(value: object) -> str:
    """A field's value: text as it stands, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def quoted(text: str) -> str:
    """A reference or a key as a message shows it: short, in quotes."""
    return repr(text if len(text) <= 200 else f"{text[:200]}...")
