"""A bucket of S3 as an object store. Source: Amazon S3 API reference, version 2006-03-01."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from stella.sdk import Connection, Json, ServiceRefused, StoredObject
from stella.sdk.aws import Keys, Login, Scope, Sts, role_parameters, signed_headers, sts_endpoint
from stella.sdk.object_keys import KEY_ADVICE, is_folder, key_fault, question_fault
from stella.sdk.service_client import Reply, ServiceClient
from stella_connectors.s3.answer import error_code, http_time, parse_page

_REGION = re.compile(r"[a-z0-9-]{1,40}\Z")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_ANSWER_BYTES_MAX = 4 * 1024 * 1024
_OBJECT_BYTES_MAX = 5 * 1024**4
_PAGES_MAX = 50
_ATTEMPTS_MAX = 5
# Says who wrote an object: an answer that was lost then does not look like another's writing.
_WRITER = "x-amz-meta-stella-writer"
_KEYS_REFUSED = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"}
)
_BUSY = frozenset({"OperationAborted", "RequestLimitExceeded", "RequestTimeout", "SlowDown"})
_ADVICE = {
    "AccessDenied": "Allow s3:GetObject, PutObject, DeleteObject and ListBucket on it.",
    "AuthorizationHeaderMalformed": "Set region to that of the bucket.",
    "EntityTooLarge": "An object has at most 5 GiB in one piece.",
    "PermanentRedirect": "Set the endpoint and the region to those of the bucket.",
    "RequestTimeTooSkewed": "Set the clock of the server right.",
}


def open_s3(connection: Connection) -> "S3Store":
    """The store of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return S3Store(connection)


class S3Store:
    """One bucket, or one folder of it, as ``stella.sdk.ObjectStore`` asks. Safe for several threads.

    now: the clock, UTC; a signature counts for 15 minutes.
    """

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        config = connection.config
        is_plain = config.get("plain_http") is True
        self._client = ServiceClient(connection, "S3", may_be_plain=is_plain)
        region, bucket = str(config.get("region") or ""), str(config.get("bucket") or "")
        if not _REGION.match(region):
            raise self._client.refused("it has no region", "Set region, like eu-central-1.")
        if not _BUCKET.match(bucket):
            raise self._client.refused("it has no bucket", "Set bucket to its name.")
        self._folder = str(config.get("folder") or "")
        if not is_folder(self._folder):
            raise self._client.refused("its folder is none", "Write it as stella/ or a/b/.")
        self._bucket, self._now = bucket, now
        in_host = config.get("bucket_in_host") is True
        self._root = f"{self._client.root}/" if in_host else f"{self._client.root}/{bucket}/"
        self._scope = Scope(region, "s3")
        self._encryption = _encryption(config)
        at_sts = replace(connection, endpoint=sts_endpoint(config, region))
        self._sts = ServiceClient(at_sts, "AWS STS", may_be_plain=is_plain)
        sts = Sts(self._sts, region, now)
        self._login = Login(self._client, sts, role_parameters(config), now)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()
        self._sts.close()

    def put(self, key: str, content: bytes) -> None:
        """One PUT: S3 shows the whole object, or the one before."""
        url = self._url(key)
        self._refuse(self._asked("PUT", url, self._encryption, content), f"object {key}")

    def put_new(self, key: str, content: bytes) -> bool:
        """A PUT under the condition that nothing is there, which S3 itself holds."""
        url, writer = self._url(key), secrets.token_hex(16)
        sent = {**self._encryption, "If-None-Match": "*", _WRITER: writer}
        for _ in range(_ATTEMPTS_MAX):
            reply = self._asked("PUT", url, sent, content)
            if reply.status == 412:
                there = self._asked("HEAD", url, {})
                return there.is_success and there.headers.get(_WRITER) == writer
            if reply.status != 409:  # ConditionalRequestConflict: another writes it just now
                self._refuse(reply, f"object {key}")
                return True
        raise self._client.unreachable(f"others write object {key} at the same time")

    @contextmanager
    def get(self, key: str) -> Iterator[Iterator[bytes]]:
        """Streamed; an answer that names no length, or ends before it, is none."""
        url, keys = self._url(key), self._login.keys()
        with ExitStack() as open_answers:
            try:
                chunks = open_answers.enter_context(self._download(url, keys, key))
            except ServiceRefused:
                other = self._login.instead_of(keys)
                if other is None:
                    raise
                chunks = open_answers.enter_context(self._download(url, other, key))
            yield chunks

    def stat(self, key: str) -> StoredObject | None:
        """From the head of the object."""
        reply = self._asked("HEAD", self._url(key), {})
        if reply.status == 404:
            return None
        self._refuse(reply, f"object {key}")
        size = reply.headers.get("content-length", "")
        modified_at = http_time(reply.headers.get("last-modified", ""))
        if not size.isdigit() or len(size) > 18 or modified_at is None:
            raise self._client.unreachable(f"it does not say how object {key} is")
        return StoredObject(key, int(size), modified_at)

    def list(self, prefix: str, after: str, limit: int) -> tuple[StoredObject, ...]:
        """ListObjectsV2, page by page. What lies there under a name that is no key is left out."""
        fault = question_fault(prefix, after, limit)
        if fault:
            raise self._client.refused(fault, KEY_ADVICE)
        found: list[StoredObject] = []
        query = {
            "encoding-type": "url",
            "list-type": "2",
            "max-keys": str(limit),
            "prefix": self._folder + prefix,
            **({"start-after": self._folder + after} if after else {}),
        }
        for _ in range(_PAGES_MAX):
            url = f"{self._root}?{urlencode(query, quote_via=quote)}"
            reply = self._asked("GET", url, {})
            self._refuse(reply, f"list of the bucket {self._bucket}")
            page = parse_page(reply.body, self._folder)
            if page is None:
                raise self._client.unreachable("its list is none")
            found += (one for one in page.objects if one.key.startswith(prefix) and one.key > after)
            if not page.token or len(found) >= limit:
                return tuple(found[:limit])
            query["continuation-token"] = page.token
        raise self._client.unreachable(f"its list has more than {_PAGES_MAX} pages of nothing")

    def delete(self, key: str) -> None:
        """S3 answers the same whether it was there."""
        reply = self._asked("DELETE", self._url(key), {})
        if reply.status != 404 or error_code(reply.body) == "NoSuchBucket":
            self._refuse(reply, f"object {key}")

    def check(self) -> str:
        """That the bucket is there and lists for us."""
        self.list("", "", 1)
        return f"the bucket {self._bucket} lists for us"

    # ------------------------------------------------------------ calls

    def _url(self, key: str) -> str:
        fault = key_fault(key)
        if fault:
            raise self._client.refused(fault, KEY_ADVICE)
        return f"{self._root}{self._folder}{key}"

    def _download(self, url: str, keys: Keys, key: str) -> AbstractContextManager[Iterator[bytes]]:
        signed = self._signed("GET", url, {}, b"", keys)
        return self._client.download(url, signed, what=f"object {key}", bytes_max=_OBJECT_BYTES_MAX)

    def _asked(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Reply:
        """Any answer below 500. Keys that do not count are replaced once, where there are others."""
        keys = self._login.keys()
        reply = self._sent(method, url, headers, content, keys)
        # The answer to a HEAD has no body that could say why.
        if reply.status in {400, 401, 403} and (
            method == "HEAD" or error_code(reply.body) in _KEYS_REFUSED
        ):
            other = self._login.instead_of(keys)
            if other is not None:
                reply = self._sent(method, url, headers, content, other)
        return reply

    def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        keys: Keys,
    ) -> Reply:
        signed = self._signed(method, url, headers, content or b"", keys)
        return self._client.ask(method, url, signed, content, bytes_max=_ANSWER_BYTES_MAX)

    def _signed(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, keys: Keys
    ) -> dict[str, str]:
        return signed_headers(
            method, url, headers, content, keys=keys, scope=self._scope, now=self._now()
        )

    def _refuse(self, reply: Reply, what: str) -> None:
        """Return for 2xx. Raises ServiceUnreachable, NotThere, ServiceRefused for all else."""
        if reply.is_success:
            return
        code = error_code(reply.body)
        if code in _BUSY:
            raise self._client.unreachable("it is asked too often", "Set requestsPerS.")
        if code == "NoSuchBucket":
            raise self._client.not_there(f"bucket {self._bucket}")
        if reply.status == 404:
            raise self._client.not_there(what)
        why = (
            "it does not take our keys"
            if code in _KEYS_REFUSED
            else f"it does not allow or take {what}"
        )
        advice = _ADVICE.get(code, "Check the keys, what they may do, the bucket and the region.")
        raise self._client.refused(f"{why} (HTTP {reply.status})", advice)


def _encryption(config: Mapping[str, Json]) -> dict[str, str]:
    """The headers that say how an object is encrypted where it lies; none for the bucket's way."""
    made = {}
    if config.get("encryption"):
        made["x-amz-server-side-encryption"] = str(config["encryption"])
    if config.get("kms_key_id"):
        made["x-amz-server-side-encryption-aws-kms-key-id"] = str(config["kms_key_id"])
    return made
