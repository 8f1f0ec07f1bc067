"""A container of Azure Blob Storage. Source: Blob service REST API, version 2021-08-06.

Its list knows no "after": to go on from far inside a large container, what lies before is read again.
"""

import base64
import binascii
import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import ClassVar
from urllib.parse import quote, urlencode

from stella.sdk import Connection
from stella.sdk.bucket import BucketStore
from stella.sdk.bucket_xml import Page, parse_blobs
from stella.sdk.service_client import ServiceClient
from stella.sdk.tokens import ClientCredentials
from stella_connectors.azure_blob.sign import authorization

_VERSION = "2021-08-06"
_LOGIN = "https://login.microsoftonline.com"
_SCOPE = "https://storage.azure.com/.default"
_CONTAINER = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]\Z")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}\Z")
_ID = re.compile(r"[0-9A-Za-z.-]{1,100}\Z")
_PAGE_MAX = 5000


def open_azure_blob(connection: Connection) -> "AzureBlobStore":
    """The store of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return AzureBlobStore(connection)


class AzureBlobStore(BucketStore):
    """One container, or one folder of it. Safe for several threads.

    Let in by the account's key where the credential ``account_key`` is given, else by an application's
    ``client_secret``. now: the clock, UTC; a signature counts for 15 minutes.
    """

    # A name of metadata is an identifier of C#: no hyphens.
    writer_header = "x-ms-meta-stella_writer"
    new_headers: ClassVar[Mapping[str, str]] = {"If-None-Match": "*"}
    keys_refused = frozenset({"AuthenticationFailed", "InvalidAuthenticationInfo"})
    busy = frozenset({"ServerBusy", "OperationTimedOut"})
    advice: ClassVar[Mapping[str, str]] = {
        "AuthorizationPermissionMismatch": "Give it the role Storage Blob Data Contributor.",
        "AuthorizationFailure": "See the firewall of the storage account.",
        "KeyBasedAuthenticationNotPermitted": "Use an application: tenant_id and client_id.",
    }

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        config = connection.config
        is_plain = config.get("plain_http") is True
        client = ServiceClient(connection, "Azure Blob Storage", may_be_plain=is_plain)
        container, account = str(config.get("container") or ""), str(config.get("account") or "")
        if not _CONTAINER.match(container) or not _ACCOUNT.match(account):
            raise client.refused("it has no account or no container", "Set both to their names.")
        root = f"{client.root}/{container}/"
        super().__init__(client, root, container, str(config.get("folder") or ""))
        self._account, self._now = account, now
        self._tokens: ClientCredentials | None = None
        if "account_key" in connection.credentials:
            return
        tenant, client_id = str(config.get("tenant_id") or ""), str(config.get("client_id") or "")
        if not _ID.match(tenant) or not _ID.match(client_id):
            raise client.refused(
                "it has no account_key, and no tenant_id and client_id",
                "Give the account's key, or an application with its client_secret.",
            )
        at_login = replace(connection, endpoint=str(config.get("login_endpoint") or _LOGIN))
        self._tokens = ClientCredentials(
            ServiceClient(at_login, "Microsoft Entra ID", may_be_plain=is_plain),
            tenant=tenant,
            client_id=client_id,
            secret=lambda: client.credential("client_secret"),
            scope=_SCOPE,
            now=now,
        )

    def close(self) -> None:
        """Close every connection."""
        super().close()
        if self._tokens is not None:
            self._tokens.server.close()

    def _let_in(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[dict[str, str], object]:
        stamp = format_datetime(self._now().astimezone(UTC), usegmt=True)
        sent = {**headers, "x-ms-date": stamp, "x-ms-version": _VERSION}
        if self._tokens is not None:
            token = self._tokens.token()
            return {**sent, "Authorization": f"Bearer {token}"}, token
        text, key = self._client.credential("account_key"), b""
        with contextlib.suppress(binascii.Error):
            key = base64.b64decode(text, validate=True)
        if not key:
            raise self._client.refused("its account_key is no base64", "Store it as it is shown.")
        sent["Authorization"] = authorization(
            method, url, sent, content, account=self._account, key=key
        )
        return sent, text

    def _has_other(self, refused: object) -> bool:
        if self._tokens is not None:
            return self._tokens.instead_of(str(refused)) != refused
        return self._client.credential("account_key") != refused

    def _list_url(self, prefix: str, after: str, token: str, limit: int) -> str:
        query = {
            "restype": "container",
            "comp": "list",
            "prefix": self._folder + prefix,
            "maxresults": str(_PAGE_MAX if after else limit),
            **({"marker": token} if token else {}),
        }
        return f"{self._root.rstrip('/')}?{urlencode(query, quote_via=quote)}"

    def _page(self, body: bytes) -> Page | None:
        return parse_blobs(body, self._folder)

    def _put_headers(self) -> Mapping[str, str]:
        return {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}
