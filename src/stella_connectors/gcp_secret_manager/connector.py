"""Secrets of one project of Google Cloud. Source: Secret Manager API v1; Google identity, "Using OAuth
2.0 for server to server applications".

An id there has no slash: ``shop/database`` is the secret ``shop--database``.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from stella.sdk import Connection, Secret, StellaError
from stella.sdk.store_client import Reply, StoreClient, quoted
from stella.sdk.tokens import ServiceAccount

_TOKENS = "https://oauth2.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PROJECT = re.compile(r"[a-z0-9:.-]{1,100}\Z")
_NAME = re.compile(r"[0-9A-Za-z_-]{1,255}\Z")
_PARTS = re.compile(r"[0-9A-Za-z_-]+(?:/[0-9A-Za-z_-]+)*\Z")
_VERSION = re.compile(r"version=([1-9][0-9]{0,9})\Z")
_KEPT = re.compile(r"[1-9][0-9]{0,9}\Z")


def open_secret_manager(connection: Connection) -> "GcpSecretManager":
    """The store of a connection profile; nothing is sent yet. Raises SecretStoreRefused."""
    return GcpSecretManager(connection)


class GcpSecretManager:
    """``stella.sdk.SecretStore``. Safe for several threads. now: the clock, UTC."""

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        config = connection.config
        is_plain = config.get("plain_http") is True
        self._client = StoreClient(connection, "Google Secret Manager", may_be_plain=is_plain)
        self._project = str(config.get("project") or "")
        if not _PROJECT.match(self._project):
            raise self._client.refused("it has no project", "Set project to its id.")
        self._credentials = connection.credentials
        at_tokens = replace(connection, endpoint=str(config.get("token_endpoint") or _TOKENS))
        self._tokens = ServiceAccount(
            StoreClient(at_tokens, "Google's token server", may_be_plain=is_plain),
            key=self._key,
            scope=_SCOPE,
            now=now,
        )

    def close(self) -> None:
        """Close every connection."""
        self._client.close()
        self._tokens.server.close()

    def read(self, path: str, key: str | None) -> Secret:
        """The field ``key`` of a secret that is a JSON object; without one the whole text."""
        what, wanted = quoted(path), _wanted(path)
        if wanted is None:
            raise self._client.not_found(
                f"secret {what}: that is no name of one",
                "Write its id (FOLDER/NAME for FOLDER--NAME), and ?version=N after it for an older "
                "one.",
            )
        name, version = wanted
        reply = self._ask(f"secrets/{name}/versions/{version or 'latest'}:access")
        if not reply.is_success:
            raise self._refusal(reply, what)
        payload, named = reply.object.get("payload"), reply.object.get("name")
        data = payload.get("data") if isinstance(payload, dict) else None
        kept = named.rpartition("/")[2] if isinstance(named, str) else ""
        if not isinstance(data, str) or not _KEPT.match(kept):
            raise self._malformed(reply)
        return Secret(self._client.field(self._text(data, what, reply), key, what), kept)

    def revoke(self, lease: str) -> None:
        """Secret Manager gives no leases: there is none to end."""
        raise self._client.not_found(
            f"lease {quoted(lease)}", "Rotate the secret where it should no longer count."
        )

    def check(self) -> str:
        """Whose key it is, and that its token counts there."""
        reply = self._ask("secrets?pageSize=1")
        if not reply.is_success and reply.status != 403:
            raise self._refusal(reply, "the list of secrets")
        return self._tokens.email()[:200]

    def _key(self) -> str:
        """A file of several lines, unlike other credentials."""
        ask = self._credentials.get("service_account_key")
        text = ask() if ask is not None else ""
        if not text:
            raise self._client.refused(
                "it has no key", "Give the credential service_account_key in the connection."
            )
        return text

    def _ask(self, path: str) -> Reply:
        """A token that counts no more is replaced once."""
        token = self._tokens.token()
        reply = self._get(path, token)
        if reply.status == 401:
            reply = self._get(path, self._tokens.instead_of(token))
        return reply

    def _get(self, path: str, token: str) -> Reply:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        url = f"{self._client.root}/v1/projects/{self._project}/{path}"
        return self._client.ask("GET", url, headers)

    def _refusal(self, reply: Reply, what: str) -> StellaError:
        if reply.status == 404:
            return self._client.not_found(
                f"secret {what}", "Check its id, its version and the project."
            )
        if reply.status == 400:
            return self._client.not_found(
                f"usable secret {what}", "See whether that version is switched off or destroyed."
            )
        if reply.status == 401:
            return self._client.refused(
                "it does not take our token", "Check that the account is switched on."
            )
        return self._client.refused(
            f"it does not allow us {what} (HTTP {reply.status})",
            "Give the account the role Secret Manager Secret Accessor, and switch the API on.",
        )

    def _malformed(self, reply: Reply) -> StellaError:
        return self._client.unreachable(
            f"it does not answer as it should (HTTP {reply.status})",
            "Check that the endpoint is that of Secret Manager.",
        )

    def _text(self, data: str, what: str, reply: Reply) -> str:
        content: bytes | None = None
        try:
            content = base64.b64decode(data, validate=True)
            return content.decode()
        except binascii.Error:
            refusal = self._malformed(reply)
        except UnicodeDecodeError:
            refusal = self._client.not_found(f"text in {what}: it is binary", "Store it as text.")
        raise refusal


def _wanted(path: str) -> tuple[str, str] | None:
    """Id and version, which may be empty; None for what names no secret."""
    place, mark, query = path.partition("?")
    found = _VERSION.match(query)
    name = place.replace("/", "--")
    if not _PARTS.match(place) or not _NAME.match(name) or (mark and found is None):
        return None
    return name, found[1] if found else ""
