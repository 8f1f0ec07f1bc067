"""An OpenID provider: its discovery document, its keys, and an ID token for a code.

Whatever it names must be reached as safely as itself: by TLS where its own address is https. Nothing
here believes a token; who asked verifies it with the keys.
"""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from threading import Lock
from urllib.parse import quote_plus, urlencode, urlsplit

from stella.sdk import Connection, ProviderMetadata, StellaError
from stella.sdk.service_client import ServiceClient

_DISCOVERY = ".well-known/openid-configuration"
_FRESH_FOR_S = 300.0
_KEYS_BYTES_MAX = 256 * 1024
_URL_MAX = 1000
_SCOPES = ("openid", "profile", "email")


def open_oidc(connection: Connection) -> "OidcProvider":
    """The provider of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return OidcProvider(connection)


class OidcProvider:
    """One issuer, as ``stella.sdk.IdentityProvider`` asks. Safe for several threads.

    The endpoint is the issuer, exactly as its tokens name it. monotonic: seconds.
    """

    def __init__(
        self, connection: Connection, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        config = connection.config
        self._client = ServiceClient(
            connection, "the identity provider", may_be_plain=config.get("plain_http") is True
        )
        self._issuer = connection.endpoint
        self._client_id = str(config.get("client_id") or "")
        scopes = config.get("scopes")
        asked = [str(one) for one in scopes] if isinstance(scopes, list | tuple) else list(_SCOPES)
        self._scopes = ("openid", *(one for one in asked if one != "openid"))
        self._monotonic = monotonic
        self._lock = Lock()
        self._kept: tuple[float, Mapping[str, object]] | None = None

    def metadata(self) -> ProviderMetadata:
        """What it says of itself. Raises ServiceUnreachable, ServiceRefused."""
        told = self._discovered()
        return ProviderMetadata(
            issuer=self._issuer,
            authorization_endpoint=self._url(told, "authorization_endpoint", is_needed=False),
            token_endpoint=self._url(told, "token_endpoint", is_needed=False),
            jwks_uri=self._url(told, "jwks_uri"),
            client_id=self._client_id,
            scopes=self._scopes,
        )

    def keys(self) -> str:
        """Its keys now. Raises ServiceUnreachable, ServiceRefused."""
        url = self._url(self._discovered(), "jwks_uri")
        sent = {"Accept": "application/jwk-set+json, application/json"}
        reply = self._client.ask("GET", url, sent, bytes_max=_KEYS_BYTES_MAX)
        self._client.refuse(reply, "its keys")
        if not isinstance(reply.object.get("keys"), list):
            raise self._client.unreachable("what should be its keys is no JWK Set")
        return json.dumps(reply.object)

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token for a code. Raises ServiceUnreachable, ServiceRefused."""
        if not self._client_id:
            raise self._client.refused(
                "it knows us by no client id",
                "Register this server there, and set client_id in the integration.",
            )
        told = self._discovered()
        url = self._url(told, "token_endpoint")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._authenticate(told, form, headers)
        reply = self._client.ask("POST", url, headers, urlencode(form).encode())
        if reply.status in {400, 401, 403}:
            raise self._client.refused(
                f"it gives no token for the code (HTTP {reply.status}{_error(reply.object)})",
                "Log in again; if it stays so, compare client id, secret and redirect URI with it.",
            )
        self._client.refuse(reply, "a token for the code")
        token = reply.object.get("id_token")
        if not isinstance(token, str) or not token:
            raise self._client.unreachable("its answer has no ID token")
        return token

    def check(self) -> str:
        """The issuer, and how many keys it has."""
        count = len(json.loads(self.keys())["keys"])
        return f"{self._issuer} has {count} key{'' if count == 1 else 's'}"

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def _authenticate(
        self, told: Mapping[str, object], form: dict[str, str], headers: dict[str, str]
    ) -> None:
        """Say who we are as the provider wants it; RFC 6749 section 2.3.1 for the encoding."""
        secret = self._client.optional_credential("client_secret")
        ways = told.get("token_endpoint_auth_methods_supported")
        known = ways if isinstance(ways, list) else ["client_secret_basic"]
        if secret is None or ("client_secret_basic" not in known and "client_secret_post" in known):
            form["client_id"] = self._client_id
            if secret is not None:
                form["client_secret"] = secret
            return
        pair = f"{quote_plus(self._client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"

    def _discovered(self) -> Mapping[str, object]:
        with self._lock:
            kept = self._kept
        if kept is not None and self._monotonic() - kept[0] < _FRESH_FOR_S:
            return kept[1]
        at = self._monotonic()
        reply = self._client.ask(
            "GET", self._client.url(_DISCOVERY), {"Accept": "application/json"}
        )
        self._client.refuse(reply, "its discovery document")
        told = reply.object
        issuer = told.get("issuer")
        if not isinstance(issuer, str):
            raise self._client.unreachable("its discovery document names no issuer")
        if issuer != self._issuer:
            raise self._another(issuer)
        with self._lock:
            self._kept = (at, told)
        return told

    def _another(self, issuer: str) -> StellaError:
        shown = issuer[:200] if issuer.isprintable() else "another one"
        return self._client.refused(
            f"its discovery document is of the issuer {shown}",
            "Write the issuer as its tokens name it into the integration's endpoint, to the letter.",
        )

    def _url(self, told: Mapping[str, object], name: str, *, is_needed: bool = True) -> str:
        value = told.get(name)
        if value is None and not is_needed:
            return ""
        is_tls = self._issuer.startswith("https://")
        if isinstance(value, str) and len(value) <= _URL_MAX and value.isprintable():
            try:
                parts = urlsplit(value)
                _ = parts.port
            except ValueError:
                parts = urlsplit("")
            schemes = {"https"} if is_tls else {"https", "http"}
            if parts.scheme in schemes and parts.hostname and "@" not in parts.netloc:
                return value
        raise self._client.unreachable(f"its discovery document has no usable {name}")


def _error(told: Mapping[str, object]) -> str:
    """The provider's own word, where it is one of RFC 6749; never its description."""
    word = told.get("error")
    known = {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
    return f", {word}" if isinstance(word, str) and word in known else ""
