"""An identity provider that is spoken to by HTTP; README.md says how the service answers.

Replace the paths and the form of the answers by what your service has. ``ServiceClient`` stays: it opens
every socket by ``connection.connect``, bounds each answer, and makes refusals that tell nothing.
"""

import json

from stella.sdk import Connection, ProviderMetadata
from stella.sdk.service_client import ServiceClient


class HttpProvider:
    """``stella.sdk.IdentityProvider``. Called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._client = ServiceClient(connection, "Your title")
        self._issuer = connection.endpoint
        self._client_id = str(connection.config.get("client_id") or "")

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()

    def metadata(self) -> ProviderMetadata:
        """What it says of itself; refused where that is of another issuer."""
        told = self._about()
        return ProviderMetadata(
            issuer=self._issuer,
            authorization_endpoint=self._url(told, "authorize"),
            token_endpoint=self._url(told, "token"),
            jwks_uri=self._url(told, "keys"),
            client_id=self._client_id,
        )

    def keys(self) -> str:
        """Its public keys, as they are now."""
        told = self._about()
        reply = self._client.ask("GET", self._url(told, "keys"), {})
        self._client.refuse(reply, "its keys")
        if not isinstance(reply.object.get("keys"), list):
            raise self._client.unreachable("what should be its keys is no JWK Set")
        return json.dumps(reply.object)

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token for a code. The secret is asked for here, at its use, and not kept."""
        sent = {
            "client": self._client_id,
            "secret": self._client.optional_credential("client_secret") or "",
            "code": code,
            "verifier": verifier,
            "redirect": redirect_uri,
        }
        url, content = self._url(self._about(), "token"), json.dumps(sent).encode()
        reply = self._client.ask("POST", url, {"Content-Type": "application/json"}, content)
        self._client.refuse(reply, "a token for the code")
        token = reply.object.get("id_token")
        if not isinstance(token, str) or not token:
            raise self._client.unreachable("its answer has no token")
        return token

    def check(self) -> str:
        """The issuer, and how many keys it has; nobody is logged in."""
        return f"{self._issuer} has {len(json.loads(self.keys())['keys'])} keys"

    def _about(self) -> dict[str, object]:
        reply = self._client.ask("GET", self._client.url("v1/about"), {})
        self._client.refuse(reply, "what it says of itself")
        if reply.object.get("issuer") != self._issuer:
            raise self._client.refused(
                "it is another issuer", "Write its own name into the integration's endpoint."
            )
        return reply.object

    def _url(self, told: dict[str, object], name: str) -> str:
        """One that is reached as safely as the service itself."""
        value = told.get(name)
        scheme = self._issuer.partition("://")[0]
        if not isinstance(value, str) or not value.startswith((f"{scheme}://", "https://")):
            raise self._client.unreachable(f"it names no usable address for {name}")
        return value
