"""Tokens of OAuth 2 for programs: client credentials (Microsoft Entra), and a service account's JWT (Google).

A token is kept in memory until shortly before it ends, and as long as what it was asked for with is the
same: a new credential is taken up at once.
"""

import base64
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

from stella.kernel import StellaError
from stella.sdk.exchange import Reply
from stella.sdk.http import json_object

_FORM = "application/x-www-form-urlencoded"
_MARGIN = timedelta(minutes=5)
_LIFE_S_MAX = 24 * 3600
_TOKEN_MAX = 16_384
_JWT_LIFE = timedelta(hours=1)
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class TokenServer(Protocol):
    """What is asked of ``StoreClient`` and ``ServiceClient`` at the endpoint of the token server."""

    root: str

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Reply:
        """One answer for the caller to read."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...

    def refused(self, why: str, advice: str) -> StellaError:
        """We are not let in."""
        ...

    def unreachable(self, why: str, advice: str = "") -> StellaError:
        """No usable answer."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str = field(repr=False)
    credential: str = field(repr=False)
    until: datetime


class Tokens(ABC):
    """Safe for several threads. now: the clock, UTC."""

    def __init__(self, server: TokenServer, url: str, now: Callable[[], datetime]) -> None:
        self.server, self._url, self._now = server, url, now
        self._kept: _Kept | None = None
        self._lock = threading.Lock()

    @abstractmethod
    def _credential(self) -> str:
        """What lets in, asked for now."""

    @abstractmethod
    def _form(self, credential: str, now: datetime) -> Mapping[str, str]:
        """What is posted. Raises the server's ``refused`` where the credential is none."""

    def token(self) -> str:
        """The one that counts now. Raises the server's ``refused`` and ``unreachable``."""
        credential = self._credential()
        with self._lock:
            kept = self._kept
            if kept is None or kept.credential != credential or self._now() >= kept.until:
                kept = self._kept = self._asked(credential)
            return kept.token

    def instead_of(self, refused: str) -> str:
        """Another one, for ``refused`` was not taken."""
        with self._lock:
            if self._kept is not None and self._kept.token == refused:
                self._kept = None
        return self.token()

    def _asked(self, credential: str) -> _Kept:
        now = self._now()
        form = urlencode(self._form(credential, now)).encode()
        headers = {"Content-Type": _FORM, "Accept": "application/json"}
        reply = self.server.ask("POST", self._url, headers, form)
        if not reply.is_success:
            raise self.server.refused(
                f"it gives us no token (HTTP {reply.status})",
                "Give an id and a credential that count there, and check the clock.",
            )
        token, life_s = reply.object.get("access_token"), reply.object.get("expires_in")
        if isinstance(life_s, str) and life_s.isdigit() and len(life_s) < 7:
            life_s = int(life_s)
        if not isinstance(token, str) or not (token.isascii() and token.isprintable() and token):
            raise self.server.unreachable("its answer holds no token")
        if " " in token or len(token) > _TOKEN_MAX or isinstance(life_s, bool):
            raise self.server.unreachable("its answer holds no token")
        if not isinstance(life_s, int) or not 0 < life_s <= _LIFE_S_MAX:
            raise self.server.unreachable("its token has no end")
        life = timedelta(seconds=life_s)
        return _Kept(token, credential, now + max(life - _MARGIN, life / 2))


class ClientCredentials(Tokens):
    """Of Microsoft Entra ID (RFC 6749, section 4.4). scope: like ``https://vault.azure.net/.default``."""

    def __init__(
        self,
        server: TokenServer,
        *,
        tenant: str,
        client_id: str,
        secret: Callable[[], str],
        scope: str,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(server, f"{server.root}/{tenant}/oauth2/v2.0/token", now)
        self._client_id, self._secret, self._scope = client_id, secret, scope

    def _credential(self) -> str:
        return self._secret()

    def _form(self, credential: str, now: datetime) -> Mapping[str, str]:
        del now
        return {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": credential,
            "scope": self._scope,
        }


class ServiceAccount(Tokens):
    """Of Google (RFC 7523). key: gives the JSON of a service account's key.

    audience: whom the JWT is for, as Google has it; the address in the key is not followed.
    """

    def __init__(
        self,
        server: TokenServer,
        *,
        key: Callable[[], str],
        scope: str,
        now: Callable[[], datetime],
        audience: str = "https://oauth2.googleapis.com/token",
    ) -> None:
        super().__init__(server, f"{server.root}/token", now)
        self._key, self._scope, self._audience = key, scope, audience

    def email(self) -> str:
        """Whose key it is."""
        return self._parsed(self._key())["client_email"]

    def _credential(self) -> str:
        return self._key()

    def _form(self, credential: str, now: datetime) -> Mapping[str, str]:
        key = self._parsed(credential)
        issued = int(now.astimezone(UTC).timestamp())
        head = {"alg": "RS256", "typ": "JWT", "kid": key["private_key_id"]}
        claims = {
            "iss": key["client_email"],
            "scope": self._scope,
            "aud": self._audience,
            "iat": issued,
            "exp": issued + int(_JWT_LIFE.total_seconds()),
        }
        signed = f"{_encoded(json.dumps(head))}.{_encoded(json.dumps(claims))}"
        made = self._signature(key["private_key"], signed.encode())
        return {"grant_type": _JWT_GRANT, "assertion": f"{signed}.{_encoded(made)}"}

    def _signature(self, pem: str, content: bytes) -> bytes:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key: object = None
        try:
            key = load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise self._no_key()
        return key.sign(content, PKCS1v15(), SHA256())

    def _parsed(self, text: str) -> dict[str, str]:
        found = json_object(text) or {}
        names = ("client_email", "private_key", "private_key_id")
        made = {name: found.get(name) for name in names}
        if not all(isinstance(one, str) and one for one in made.values()):
            raise self._no_key()
        email = str(made["client_email"])
        if not (email.isascii() and email.isprintable()):
            raise self._no_key()
        return {name: str(one) for name, one in made.items()}

    def _no_key(self) -> StellaError:
        return self.server.refused(
            "its key is none of a service account", "Store the whole JSON file as it was given out."
        )


def _encoded(content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
