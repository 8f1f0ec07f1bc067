"""Where secrets lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Secret:
    """What a reference led to. Its value shows in no text of it.

    version: as the store names it; empty where it has none. expires_at: when the store ends it (a
    short-lived credential), None where it does not say. lease: what ``revoke`` names.
    fields: every field of what was read at once, by key, where reading another one would make another
    secret: user and password of one lease belong together. Empty where that is not so.
    """

    value: str = field(repr=False)
    version: str = ""
    expires_at: datetime | None = None
    lease: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


class SecretStore(Protocol):
    """Where secrets lie. All calls raise ``SecretStoreUnreachable``, ``SecretStoreRefused``,
    ``SecretNotFound``.
    """

    def read(self, path: str, key: str | None) -> Secret:
        """The secret at ``path`` (``kv/shop/database``); ``key`` names one field where it has
        several. Nothing that a refusal says holds a part of it.
        """
        ...

    def revoke(self, lease: str) -> None:
        """End a short-lived credential before its time; one that has ended already is no refusal."""
        ...

    def check(self) -> str:
        """Who we are there, in a few words: reached, logged in, without reading any secret."""
        ...
