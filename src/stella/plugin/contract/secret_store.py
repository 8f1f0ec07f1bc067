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


class KeyKeeper(Protocol):
    """What a secret store that runs in the server's process may be besides: keys that never leave it.

    ``path`` names one (``transit/stella``). All calls raise what ``SecretStore`` raises; nothing that
    a refusal says holds a part of a key.
    """

    def key_versions(self, path: str) -> tuple[int, int]:
        """The oldest version that still opens, and the newest."""
        ...

    def wrap_key(self, path: str, version: int, key: bytes, about: str) -> str:
        """``key`` under that version, bound to ``about``."""
        ...

    def unwrap_key(self, path: str, wrapped: str, about: str) -> bytes:
        """What was wrapped. ``SecretNotFound`` where it was not, or about something else."""
        ...

    def renew_key(self, path: str) -> None:
        """One more version, which is the newest from now on."""
        ...
