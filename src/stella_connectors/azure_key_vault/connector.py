"""Secrets of one Azure Key Vault. Source: Key Vault REST API 7.4; Microsoft identity platform, client
credentials.

A name there has no slash: ``shop/database`` is the secret ``shop--database``.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from stella.sdk import Connection, Secret, StellaError
from stella.sdk.store_client import Reply, StoreClient, quoted
from stella.sdk.tokens import ClientCredentials

_API = "api-version=7.4"
_LOGIN = "https://login.microsoftonline.com"
_SCOPE = "https://vault.azure.net/.default"
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}\Z")
_PARTS = re.compile(r"[0-9A-Za-z-]+(?:/[0-9A-Za-z-]+)*\Z")
_VERSION = re.compile(r"version=([0-9a-f]{32})\Z")
_ID = re.compile(r"[0-9A-Za-z.-]{1,100}\Z")


def open_key_vault(connection: Connection) -> "AzureKeyVault":
    """The store of a connection profile; nothing is sent yet. Raises SecretStoreRefused."""
    return AzureKeyVault(connection)


class AzureKeyVault:
    """``stella.sdk.SecretStore``. Safe for several threads. now: the clock, UTC."""

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        config = connection.config
        is_plain = config.get("plain_http") is True
        self._client = StoreClient(connection, "Azure Key Vault", may_be_plain=is_plain)
        tenant, client_id = str(config.get("tenant_id") or ""), str(config.get("client_id") or "")
        if not _ID.match(tenant) or not _ID.match(client_id):
            raise self._client.refused(
                "it has no tenant_id or no client_id", "Set both to those of the app registration."
            )
        at_login = replace(connection, endpoint=str(config.get("login_endpoint") or _LOGIN))
        self._tokens = ClientCredentials(
            StoreClient(at_login, "Microsoft Entra ID", may_be_plain=is_plain),
            tenant=tenant,
            client_id=client_id,
            secret=lambda: self._client.credential("client_secret"),
            scope=_SCOPE,
            now=now,
        )
        self._client_id = client_id

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
                "Write NAME of letters, digits and hyphens (FOLDER/NAME for FOLDER--NAME), and "
                "?version=ID after it for an older one.",
            )
        name, version = wanted
        reply = self._ask(f"secrets/{name}{f'/{version}' if version else ''}?{_API}")
        if not reply.is_success:
            raise self._refusal(reply, what)
        text, found = reply.object.get("value"), reply.object.get("id")
        if not isinstance(text, str) or not isinstance(found, str):
            raise self._client.unreachable(
                f"it does not answer as it should (HTTP {reply.status})",
                "Check that the endpoint is that of a key vault.",
            )
        kept = found.rpartition("/")[2]
        return Secret(self._client.field(text, key, what), kept if len(kept) == 32 else "")

    def revoke(self, lease: str) -> None:
        """Key Vault gives no leases: there is none to end."""
        raise self._client.not_found(
            f"lease {quoted(lease)}", "Rotate the secret where it should no longer count."
        )

    def check(self) -> str:
        """That the token counts there; whether a secret may be read shows with the secret."""
        reply = self._ask(f"secrets?maxresults=1&{_API}")
        if not reply.is_success and reply.status != 403:
            raise self._refusal(reply, "the list of secrets")
        return f"the application {self._client_id}"

    def _ask(self, path: str) -> Reply:
        """A token that counts no more is replaced once."""
        token = self._tokens.token()
        reply = self._get(path, token)
        if reply.status == 401:
            reply = self._get(path, self._tokens.instead_of(token))
        return reply

    def _get(self, path: str, token: str) -> Reply:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        return self._client.ask("GET", f"{self._client.root}/{path}", headers)

    def _refusal(self, reply: Reply, what: str) -> StellaError:
        if reply.status == 404:
            return self._client.not_found(f"secret {what}", "Check its name and its version.")
        if reply.status == 401:
            return self._client.refused(
                "it does not take our token", "Check that the tenant is the vault's own."
            )
        if reply.status == 403:
            return self._client.refused(
                f"it does not allow us {what}, or it is switched off",
                "Give the application the role Key Vault Secrets User, and see the vault's firewall.",
            )
        return self._client.refused(
            f"it answers HTTP {reply.status} for {what}", "Check the name and the endpoint."
        )


def _wanted(path: str) -> tuple[str, str] | None:
    """Name and version, which may be empty; None for what names no secret."""
    place, mark, query = path.partition("?")
    found = _VERSION.match(query)
    name = place.replace("/", "--")
    if not _PARTS.match(place) or not _NAME.match(name) or (mark and found is None):
        return None
    return name, found[1] if found else ""
