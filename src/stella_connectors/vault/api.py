"""The Vault API over HTTP: paths, the namespace, the token's header."""

import json
from urllib.parse import quote, urlencode

from stella.sdk import Connection, Json
from stella.sdk.store_client import Reply, StoreClient

TITLE = "Vault"


class VaultApi:
    """Calls to one server. Raises SecretStoreUnreachable; any other answer is the caller's to read."""

    def __init__(self, connection: Connection) -> None:
        self.client = StoreClient(
            connection, TITLE, may_be_plain=connection.config.get("plain_http") is True
        )
        self._namespace = str(connection.config.get("namespace") or "").strip("/")

    def call(
        self,
        method: str,
        path: str,
        token: str | None,
        body: Json = None,
        query: dict[str, str] | None = None,
    ) -> Reply:
        """One call. path: below ``/v1/``, unescaped."""
        headers = {"Accept": "application/json", "X-Vault-Request": "true"}
        if token is not None:
            headers["X-Vault-Token"] = token
        if self._namespace:
            headers["X-Vault-Namespace"] = quote(self._namespace)
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        url = f"{self.client.root}/v1/{quote(path)}{'?' if query else ''}{urlencode(query or {})}"
        return self.client.ask(method, url, headers, content)
