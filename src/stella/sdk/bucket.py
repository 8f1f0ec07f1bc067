"""A bucket that is spoken to by HTTP, as an object store: what S3, Google and Azure have in common.

A subclass says how a request is let in, how a list is asked for and read, and which headers let a PUT
happen only where nothing is.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import ClassVar

from stella.plugin.contract.object_store import StoredObject
from stella.plugin.refusals import ServiceRefused
from stella.sdk.bucket_xml import Page, error_code, http_time
from stella.sdk.object_keys import KEY_ADVICE, is_folder, key_fault, question_fault
from stella.sdk.service_client import Reply, ServiceClient

_ANSWER_BYTES_MAX = 4 * 1024 * 1024
_OBJECT_BYTES_MAX = 5 * 1024**4
_PAGES_MAX = 200
_ATTEMPTS_MAX = 5


class BucketStore(ABC):
    """``stella.sdk.ObjectStore`` over HTTP. Safe for several threads.

    client: at the endpoint. root: the URL below which objects lie, with a slash at its end.
    bucket: its name, for people. folder: stands before every key.
    """

    writer_header: ClassVar[str]
    """Says who wrote an object: an answer that was lost then does not look like another's writing."""
    new_headers: ClassVar[Mapping[str, str]]
    """Let a PUT happen only where nothing is."""
    keys_refused: ClassVar[frozenset[str]] = frozenset()
    """Codes of errors that mean the login."""
    busy: ClassVar[frozenset[str]] = frozenset()
    taken: ClassVar[frozenset[str]] = frozenset({"BlobAlreadyExists"})
    """Codes of a 409 that mean that something is there; any other means that another writes it now."""
    no_bucket: ClassVar[frozenset[str]] = frozenset({"NoSuchBucket", "ContainerNotFound"})
    advice: ClassVar[Mapping[str, str]] = {}

    def __init__(self, client: ServiceClient, root: str, bucket: str, folder: str) -> None:
        self._client, self._root, self._bucket, self._folder = client, root, bucket, folder
        if not is_folder(folder):
            raise client.refused("its folder is none", "Write it as stella/ or a/b/.")

    @abstractmethod
    def _let_in(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[dict[str, str], object]:
        """``headers`` with what lets in, and that itself, for ``_has_other``."""

    @abstractmethod
    def _has_other(self, refused: object) -> bool:
        """Whether there is another login, for that one was refused; it is used from now on."""

    @abstractmethod
    def _list_url(self, prefix: str, after: str, token: str, limit: int) -> str:
        """Of one page of the list. token: of the page before; empty for the first."""

    @abstractmethod
    def _page(self, body: bytes) -> Page | None:
        """The page that it is; None for what is none."""

    @abstractmethod
    def _put_headers(self) -> Mapping[str, str]:
        """Of every PUT."""

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def put(self, key: str, content: bytes) -> None:
        """One PUT: the service shows the whole object, or the one before."""
        reply = self._asked("PUT", self._url(key), self._put_headers(), content)
        self._refuse(reply, f"object {key}")

    def put_new(self, key: str, content: bytes) -> bool:
        """A PUT under the condition that nothing is there, which the service itself holds."""
        url, writer = self._url(key), secrets.token_hex(16)
        sent = {**self._put_headers(), **self.new_headers, self.writer_header: writer}
        for _ in range(_ATTEMPTS_MAX):
            reply = self._asked("PUT", url, sent, content)
            code = error_code(reply.body)
            if reply.status == 412 or (reply.status == 409 and code in self.taken):
                there = self._asked("HEAD", url, {})
                return there.is_success and there.headers.get(self.writer_header) == writer
            if reply.status != 409:
                self._refuse(reply, f"object {key}")
                return True
        raise self._client.unreachable(f"others write object {key} at the same time")

    @contextmanager
    def get(self, key: str) -> Iterator[Iterator[bytes]]:
        """Streamed; an answer that names no length, or ends before it, is none."""
        url = self._url(key)
        signed, login = self._let_in("GET", url, {}, b"")
        with ExitStack() as open_answers:
            try:
                chunks = open_answers.enter_context(self._download(url, signed, key))
            except ServiceRefused:
                if not self._has_other(login):
                    raise
                signed, _ = self._let_in("GET", url, {}, b"")
                chunks = open_answers.enter_context(self._download(url, signed, key))
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
        """Page by page. What lies there under a name that is no key is left out."""
        fault = question_fault(prefix, after, limit)
        if fault:
            raise self._client.refused(fault, KEY_ADVICE)
        found: list[StoredObject] = []
        token = ""
        for _ in range(_PAGES_MAX):
            reply = self._asked("GET", self._list_url(prefix, after, token, limit), {})
            self._refuse(reply, f"list of the bucket {self._bucket}")
            page = self._page(reply.body)
            if page is None:
                raise self._client.unreachable("its list is none")
            found += (one for one in page.objects if one.key.startswith(prefix) and one.key > after)
            token = page.token
            if not token or len(found) >= limit:
                return tuple(found[:limit])
        raise self._client.unreachable(f"its list has more than {_PAGES_MAX} pages before that")

    def delete(self, key: str) -> None:
        """One that is not there is no refusal."""
        reply = self._asked("DELETE", self._url(key), {})
        if reply.status != 404 or error_code(reply.body) in self.no_bucket:
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

    def _download(
        self, url: str, signed: Mapping[str, str], key: str
    ) -> AbstractContextManager[Iterator[bytes]]:
        what = f"object {key}"
        return self._client.download(url, signed, what=what, bytes_max=_OBJECT_BYTES_MAX)

    def _asked(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Reply:
        """Any answer below 500. A login that does not count is replaced once, where there is another."""
        reply, login = self._sent(method, url, headers, content)
        # The answer to a HEAD has no body that could say why.
        may_be_login = reply.status == 401 or (
            reply.status in {400, 403}
            and (method == "HEAD" or error_code(reply.body) in self.keys_refused)
        )
        if may_be_login and self._has_other(login):
            reply, _ = self._sent(method, url, headers, content)
        return reply

    def _sent(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> tuple[Reply, object]:
        signed, login = self._let_in(method, url, headers, content or b"")
        reply = self._client.ask(method, url, signed, content, bytes_max=_ANSWER_BYTES_MAX)
        return reply, login

    def _refuse(self, reply: Reply, what: str) -> None:
        """Return for 2xx. Raises ServiceUnreachable, NotThere, ServiceRefused for all else."""
        if reply.is_success:
            return
        code = error_code(reply.body)
        if code in self.busy:
            raise self._client.unreachable("it is asked too often", "Set requestsPerS.")
        if code in self.no_bucket:
            raise self._client.not_there(f"bucket {self._bucket}")
        if reply.status == 404:
            raise self._client.not_there(what)
        is_login = code in self.keys_refused or reply.status == 401
        why = "it does not take our login" if is_login else f"it does not allow or take {what}"
        advice = self.advice.get(code, "Check the login, what it may do, and the bucket.")
        raise self._client.refused(f"{why} (HTTP {reply.status})", advice)
