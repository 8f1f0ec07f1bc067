"""How we are let in: a token as it is given, or AppRole, whose tokens are renewed and made anew."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from stella.sdk import Connection, SecretStoreUnreachable
from stella_connectors.vault.api import VaultApi

_RENEW_AFTER = 2 / 3
_MARGIN = 1 / 10
_MARGIN_S_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Token:
    """What is sent. renew_at, ends_at: on the monotonic clock, in seconds; infinite where unknown."""

    text: str = field(repr=False)
    duration_s: float = 0.0
    renew_at: float = math.inf
    ends_at: float = math.inf


class Login(Protocol):
    """Gives tokens. Raises SecretStoreRefused, SecretStoreUnreachable."""

    def token(self) -> Token:
        """One that should be taken now."""
        ...

    def instead_of(self, refused: Token) -> Token | None:
        """Another one, for ``refused`` was not taken; None where there is none."""
        ...


class GivenToken:
    """The credential ``token``, asked for at each use: a new one is taken up at once."""

    def __init__(self, api: VaultApi) -> None:
        self._api = api

    def token(self) -> Token:
        """What the profile gives now."""
        return Token(self._api.client.credential("token"))

    def instead_of(self, refused: Token) -> Token | None:
        """What the profile gives, where that has changed meanwhile."""
        now = self.token()
        return None if now.text == refused.text else now


class AppRole:
    """Logs in with a role id and a secret id. The token is kept in memory and nowhere else."""

    def __init__(
        self, api: VaultApi, connection: Connection, monotonic: Callable[[], float]
    ) -> None:
        self._api = api
        self._mount = str(connection.config.get("approle_mount") or "approle").strip("/")
        self._role_id = str(connection.config.get("role_id") or "")
        self._monotonic = monotonic
        self._token: Token | None = None
        self._lock = threading.Lock()

    def token(self) -> Token:
        """The kept one, renewed when two thirds of its time are over; else a new one."""
        with self._lock:
            kept, now = self._token, self._monotonic()
            if kept is not None and kept.renew_at <= now < kept.ends_at:
                kept = self._renewed(kept, now)
            if kept is None or now >= kept.ends_at:
                kept = self._log_in(now)
            self._token = kept
            return kept

    def instead_of(self, refused: Token) -> Token | None:
        """A new one, unless somebody got one meanwhile."""
        with self._lock:
            if self._token is None or self._token.text == refused.text:
                self._token = self._log_in(self._monotonic())
            return self._token

    def _renewed(self, kept: Token, now: float) -> Token | None:
        """None where it is better to log in: it cannot be renewed, or not by much any more."""
        try:
            reply = self._api.call("POST", "auth/token/renew-self", kept.text, {})
        except SecretStoreUnreachable:
            return kept  # it lasts a while yet, and what is asked next will tell
        fresh = _read(reply.object.get("auth"), now) if reply.is_success else None
        return fresh if fresh is not None and fresh.duration_s * 2 > kept.duration_s else None

    def _log_in(self, now: float) -> Token:
        client = self._api.client
        role_id = self._role_id or client.credential("role_id")
        body = {"role_id": role_id, "secret_id": client.credential("secret_id")}
        reply = self._api.call("POST", f"auth/{self._mount}/login", None, body)
        if not reply.is_success:
            raise client.refused(
                f"it does not take our AppRole login (HTTP {reply.status})",
                "Check role_id and the mount of AppRole, and give a secret_id that still counts: "
                "it may have ended, have been used up or belong to another address.",
            )
        made = _read(reply.object.get("auth"), now)
        if made is None:
            raise client.unreachable("its answer to our login holds no token")
        return made


def _read(auth: object, now: float) -> Token | None:
    """The token in an answer's ``auth``; None where there is none that a header could carry."""
    if not isinstance(auth, dict):
        return None
    text, duration = auth.get("client_token"), auth.get("lease_duration")
    if not isinstance(text, str) or not (text.isascii() and text.isprintable()) or not text:
        return None
    if isinstance(duration, bool) or not isinstance(duration, int) or duration < 0:
        return None
    if duration == 0:
        return Token(text)
    margin_s = min(duration * _MARGIN, _MARGIN_S_MAX)
    renew_at = now + duration * _RENEW_AFTER if auth.get("renewable") is True else math.inf
    return Token(text, duration, renew_at, now + duration - margin_s)
