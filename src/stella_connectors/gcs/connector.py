"""A bucket of Google Cloud Storage. Source: Cloud Storage XML API, with a token of OAuth 2."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import quote, urlencode

from stella.sdk import Connection
from stella.sdk.bucket import BucketStore
from stella.sdk.bucket_xml import Page, parse_page
from stella.sdk.service_client import ServiceClient
from stella.sdk.tokens import ServiceAccount

_TOKENS = "https://oauth2.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]\Z")


def open_gcs(connection: Connection) -> "GcsStore":
    """The store of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return GcsStore(connection)


class GcsStore(BucketStore):
    """One bucket, or one folder of it. Safe for several threads. now: the clock, UTC."""

    writer_header = "x-goog-meta-stella-writer"
    new_headers: ClassVar[Mapping[str, str]] = {"x-goog-if-generation-match": "0"}
    busy = frozenset({"SlowDown", "RateLimitExceeded"})
    advice: ClassVar[Mapping[str, str]] = {
        "AccessDenied": "Give the account the role Storage Object Admin on the bucket.",
    }

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        config = connection.config
        is_plain = config.get("plain_http") is True
        client = ServiceClient(connection, "Google Cloud Storage", may_be_plain=is_plain)
        bucket = str(config.get("bucket") or "")
        if not _BUCKET.match(bucket):
            raise client.refused("it has no bucket", "Set bucket to its name.")
        super().__init__(
            client, f"{client.root}/{bucket}/", bucket, str(config.get("folder") or "")
        )
        self._credentials = connection.credentials
        at_tokens = replace(connection, endpoint=str(config.get("token_endpoint") or _TOKENS))
        server = ServiceClient(at_tokens, "Google's token server", may_be_plain=is_plain)
        self._tokens = ServiceAccount(server, key=self._key, scope=_SCOPE, now=now)

    def close(self) -> None:
        """Close every connection."""
        super().close()
        self._tokens.server.close()

    def _key(self) -> str:
        ask = self._credentials.get("service_account_key")
        text = ask() if ask is not None else ""
        if not text:
            raise self._client.refused(
                "it has no key", "Give the credential service_account_key in the connection."
            )
        return text

    def _let_in(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[dict[str, str], object]:
        del method, url, content
        token = self._tokens.token()
        return {**headers, "Authorization": f"Bearer {token}"}, token

    def _has_other(self, refused: object) -> bool:
        return self._tokens.instead_of(str(refused)) != refused

    def _list_url(self, prefix: str, after: str, token: str, limit: int) -> str:
        query = {
            "list-type": "2",
            "encoding-type": "url",
            "max-keys": str(limit),
            "prefix": self._folder + prefix,
            **({"start-after": self._folder + after} if after else {}),
            **({"continuation-token": token} if token else {}),
        }
        return f"{self._root.rstrip('/')}?{urlencode(query, quote_via=quote)}"

    def _page(self, body: bytes) -> Page | None:
        return parse_page(body, self._folder)

    def _put_headers(self) -> Mapping[str, str]:
        return {"Content-Type": "application/octet-stream"}
