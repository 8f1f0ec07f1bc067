"""What every other service's connector needs: bounded HTTP, tried again where that helps.

What is answered with 429 or 503 is tried again after the time that the service names, where that is
short; what changes nothing (GET, HEAD, PUT, DELETE) also after 5xx and a connection that broke. A
refusal names the service, the status and nothing that was sent or received.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urljoin

from stella.kernel import Json, Remedy
from stella.plugin.contract.connection import Connection
from stella.plugin.refusals import (
    NotSupported,
    NotThere,
    ServiceBusy,
    ServiceRefused,
    ServiceUnreachable,
)
from stella.sdk.exchange import ANSWER_BYTES_MAX, Begun, Exchange, Reply
from stella.sdk.http import BUSY, FIRST_WAIT_S, WAIT_S_MAX, origin_of, retry_after

__all__ = ["Reply", "ServiceClient"]

PAGES_MAX = 100
ATTEMPTS_MAX = 3
_Any = TypeVar("_Any", Reply, Begun | Reply)
# 501 is an answer: it cannot do that, and will not be able to the next time.
_ANSWERS = frozenset({*range(200, 500), 501})
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})


class ServiceClient(Exchange):
    """Exchanges with one service. Safe for several threads.

    wait: lets seconds pass between two attempts.
    """

    def __init__(
        self,
        connection: Connection,
        title: str,
        *,
        may_be_plain: bool = False,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(connection, title, may_be_plain=may_be_plain)
        self._wait = wait

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> Reply:
        """An answer that is 2xx, 3xx, 4xx or 501, for the caller to read, but not 429 and its like.

        Raises ServiceUnreachable, ServiceBusy.
        """
        return self._tried(
            method, lambda: self.once(method, url, headers, content, bytes_max=bytes_max)
        )

    @contextmanager
    def download(
        self, url: str, headers: Mapping[str, str], *, what: str, bytes_max: int
    ) -> Iterator[Iterator[bytes]]:
        """The body of a GET, as it comes, whole: as many bytes as its head says.

        Raises what ``json`` does; ServiceUnreachable also where it names no length, or one beyond
        ``bytes_max``, and later, where it breaks off.
        """
        begun = self._tried("GET", lambda: self.begin("GET", url, headers))
        if isinstance(begun, Reply):
            self.refuse(begun, what)
            raise self.unreachable(f"HTTP {begun.status}")
        try:
            length = begun.headers.get("content-length", "")
            if not length.isdigit() or len(length) > 18:
                raise self.unreachable(f"it does not say how long {what} is")
            if int(length) > bytes_max:
                raise self.unreachable(f"{what} has more than {bytes_max} bytes")
            yield self.chunks(begun)
        finally:
            begun.answer.close()

    def _tried(self, method: str, send: "Callable[[], _Any]") -> "_Any":
        """What is answered in the end, with less than 429, or 4xx."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            is_last = attempt == ATTEMPTS_MAX
            wait_s = FIRST_WAIT_S * 2 ** (attempt - 1)
            try:
                reply = send()
            except ServiceUnreachable:
                if is_last or method not in _REPEATABLE:
                    raise
                self._wait(wait_s)
                continue
            if reply.status in BUSY:
                asked = retry_after(reply.headers)
                if is_last or (asked or 0) > WAIT_S_MAX:
                    raise self._busy(reply.status, asked)
                self._wait(wait_s if asked is None else float(asked))
            elif reply.status not in _ANSWERS:
                if is_last or method not in _REPEATABLE:
                    raise self.unreachable(f"HTTP {reply.status}")
                self._wait(wait_s)
            else:
                return reply
        raise AssertionError("the last attempt returns or raises")

    def json(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Json = None,
        *,
        what: str,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> Json:
        """What a JSON API answers below the endpoint; None where it answers nothing.

        what: is asked for, for people (``the commit a1b2``). Raises ServiceUnreachable, ServiceBusy,
        ServiceRefused (401, 403), NotThere (404, 410), NotSupported (405, 501).
        """
        sent = {"Accept": "application/json", **headers}
        content = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        reply = self.ask(method, self.url(path), sent, content, bytes_max=bytes_max)
        self.refuse(reply, what)
        return self.parsed(reply)

    def pages(
        self, path: str, headers: Mapping[str, str], *, what: str, pages_max: int = PAGES_MAX
    ) -> Iterator[Json]:
        """The pages of a list, by the header ``Link: <...>; rel="next"`` (RFC 8288).

        Raises as ``json`` does; ServiceUnreachable also where there are more than ``pages_max`` pages,
        or the next one lies on another host.
        """
        url: str | None = self.url(path)
        for _ in range(pages_max):
            if url is None:
                return
            reply = self.ask("GET", url, {"Accept": "application/json", **headers})
            self.refuse(reply, what)
            yield self.parsed(reply)
            url = self._next(url, reply)
        if url is not None:
            raise self.unreachable(f"{what} has more than {pages_max} pages")

    def url(self, path: str) -> str:
        """The absolute URL of what lies below the endpoint."""
        return f"{self.root}/{path.lstrip('/')}"

    def parsed(self, reply: Reply) -> Json:
        """The JSON of an answer; None for an empty one. Raises ServiceUnreachable for what is none."""
        if not reply.body.strip():
            return None
        try:
            read: Json = json.loads(reply.body)
        except (ValueError, RecursionError):
            pass
        else:
            return read
        raise self.unreachable("its answer is no JSON")

    def refuse(self, reply: Reply, what: str) -> None:
        """Return for 2xx. Raises ServiceRefused, NotThere, NotSupported for everything else."""
        if reply.is_success:
            return
        if reply.status in {401, 403}:
            raise self.refused(
                f"it does not give us {what} (HTTP {reply.status})",
                "See that the credentials are those of an account that may do that.",
            )
        if reply.status in {404, 410}:
            raise self.not_there(what)
        if reply.status in {405, 501}:
            raise self.not_supported(f"{what} (HTTP {reply.status})")
        raise self.refused(
            f"it does not take what was asked about {what} (HTTP {reply.status})",
            "See in its own log why.",
            status=reply.status,
        )

    def unreachable(self, why: str, advice: str = "") -> ServiceUnreachable:
        """No usable answer."""
        return ServiceUnreachable(
            f"{self.title} at {self.host} gives no usable answer: {why}",
            remedy=Remedy(
                advice or "Check its address and certificate, and that it runs; then try again."
            ),
            service=self.host,
        )

    def refused(self, why: str, advice: str, **facts: int) -> ServiceRefused:
        """We are not let in, or not to that. facts: further ones, as the ``status`` of another refusal."""
        return ServiceRefused(
            f"{self.title} at {self.host} cannot be used: {why}",
            remedy=Remedy(advice),
            service=self.host,
            **facts,
        )

    def not_there(self, what: str) -> NotThere:
        """There is no such thing."""
        return NotThere(
            f"{self.title} at {self.host} has no {what}",
            remedy=Remedy("Check the name, and that our account may see it."),
            service=self.host,
        )

    def not_supported(self, what: str) -> NotSupported:
        """It cannot do that."""
        return NotSupported(
            f"{self.title} at {self.host} cannot do that: {what}",
            remedy=Remedy("Leave it out, or use a service that can."),
            service=self.host,
        )

    def _busy(self, status: int, retry_after_s: int | None) -> ServiceBusy:
        when = "in a while" if retry_after_s is None else f"in {retry_after_s} s"
        busy = ServiceBusy(
            f"{self.title} at {self.host} wants to be left alone (HTTP {status})",
            remedy=Remedy(f"Try again {when}; set requestsPerS in its integration."),
            service=self.host,
        )
        if retry_after_s is not None:
            busy.facts["retry_after_s"] = retry_after_s
        return busy

    def _next(self, url: str, reply: Reply) -> str | None:
        for part in reply.headers.get("link", "").split(","):
            target, _, parameters = part.partition(";")
            marks = {mark.strip().replace('"', "") for mark in parameters.split(";")}
            if "rel=next" in marks:
                following = urljoin(url, target.strip().removeprefix("<").removesuffix(">"))
                if origin_of(following) != origin_of(url):
                    raise self.unreachable("its next page lies on another host")
                return following
        return None
