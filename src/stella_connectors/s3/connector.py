"""A bucket of S3 as an object store. Source: Amazon S3 API reference, version 2006-03-01."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import quote, urlencode

from stella.sdk import Connection, Json
from stella.sdk.aws import Keys, Login, Scope, Sts, role_parameters, signed_headers, sts_endpoint
from stella.sdk.bucket import BucketStore
from stella.sdk.bucket_xml import Page, parse_page
from stella.sdk.service_client import ServiceClient

_REGION = re.compile(r"[a-z0-9-]{1,40}\Z")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")


def open_s3(connection: Connection) -> "S3Store":
    """The store of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return S3Store(connection)


class S3Store(BucketStore):
    """One bucket, or one folder of it, as ``stella.sdk.ObjectStore`` asks. Safe for several threads.

    now: the clock, UTC; a signature counts for 15 minutes.
    """

    writer_header = "x-amz-meta-stella-writer"
    new_headers: ClassVar[Mapping[str, str]] = {"If-None-Match": "*"}
    keys_refused = frozenset(
        {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"}
    )
    busy = frozenset({"OperationAborted", "RequestLimitExceeded", "RequestTimeout", "SlowDown"})
    advice: ClassVar[Mapping[str, str]] = {
        "AccessDenied": "Allow s3:GetObject, PutObject, DeleteObject and ListBucket on it.",
        "AuthorizationHeaderMalformed": "Set region to that of the bucket.",
        "EntityTooLarge": "An object has at most 5 GiB in one piece.",
        "PermanentRedirect": "Set the endpoint and the region to those of the bucket.",
        "RequestTimeTooSkewed": "Set the clock of the server right.",
    }

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        config = connection.config
        is_plain = config.get("plain_http") is True
        client = ServiceClient(connection, "S3", may_be_plain=is_plain)
        region, bucket = str(config.get("region") or ""), str(config.get("bucket") or "")
        if not _REGION.match(region):
            raise client.refused("it has no region", "Set region, like eu-central-1.")
        if not _BUCKET.match(bucket):
            raise client.refused("it has no bucket", "Set bucket to its name.")
        in_host = config.get("bucket_in_host") is True
        root = f"{client.root}/" if in_host else f"{client.root}/{bucket}/"
        super().__init__(client, root, bucket, str(config.get("folder") or ""))
        self._scope, self._now = Scope(region, "s3"), now
        self._encryption = _encryption(config)
        at_sts = replace(connection, endpoint=sts_endpoint(config, region))
        self._sts = ServiceClient(at_sts, "AWS STS", may_be_plain=is_plain)
        sts = Sts(self._sts, region, now)
        self._login = Login(client, sts, role_parameters(config), now)

    def close(self) -> None:
        """Close every connection."""
        super().close()
        self._sts.close()

    def _let_in(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[dict[str, str], object]:
        keys, now = self._login.keys(), self._now()
        signed = signed_headers(
            method, url, headers, content, keys=keys, scope=self._scope, now=now
        )
        return signed, keys

    def _has_other(self, refused: object) -> bool:
        assert isinstance(refused, Keys)
        return self._login.instead_of(refused) is not None

    def _list_url(self, prefix: str, after: str, token: str, limit: int) -> str:
        query = {
            "encoding-type": "url",
            "list-type": "2",
            "max-keys": str(limit),
            "prefix": self._folder + prefix,
            **({"start-after": self._folder + after} if after else {}),
            **({"continuation-token": token} if token else {}),
        }
        return f"{self._root}?{urlencode(query, quote_via=quote)}"

    def _page(self, body: bytes) -> Page | None:
        return parse_page(body, self._folder)

    def _put_headers(self) -> Mapping[str, str]:
        return self._encryption


def _encryption(config: Mapping[str, Json]) -> dict[str, str]:
    """The headers that say how an object is encrypted where it lies; none for the bucket's way."""
    made = {}
    if config.get("encryption"):
        made["x-amz-server-side-encryption"] = str(config["encryption"])
    if config.get("kms_key_id"):
        made["x-amz-server-side-encryption-aws-kms-key-id"] = str(config["kms_key_id"])
    return made
