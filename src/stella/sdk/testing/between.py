"""A server that stands before another one, and breaks one answer of it."""

import http.client
import http.server
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

_FORWARDED_BYTES_MAX = 16 * 1024 * 1024
# What a client acts upon besides: how to log in, where the next page is, what was sent.
_CARRIED = ("Set-Cookie", "WWW-Authenticate", "Link", "Docker-Content-Digest")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it came. headers: names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Fault:
    """One broken answer. head: sent at once; then ``rest`` every ``every_s`` seconds, for ever, where

    it is given; after that the connection ends.
    """

    name: str
    head: bytes
    rest: bytes = b""
    every_s: float = 0.0


@dataclass(slots=True)
class Between:
    """What came by. connections: how many sockets were accepted. broken: answers that were broken."""

    endpoint: str
    connections: int = 0
    broken: int = 0
    requests: list[Sent] = field(default_factory=list)


@contextmanager
def standing_between(
    behind: str | None,
    fault: Fault | None = None,
    at: int = 1,
    *,
    adding: str = "",
    changing: Callable[[str, bytes], bytes] = lambda _url, body: body,
) -> Iterator[Between]:
    """Requests are passed on to the URL ``behind``; the ``at``-th one is answered by ``fault``.

    Without ``behind`` every request is answered by ``fault``. adding: headers to each answer that is
    passed on, each ended by CR LF. changing: (URL that was asked here, body of its answer) -> the body
    that is given.
    """
    ended = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            names = {name.lower(): text for name, text in self.headers.items()}
            sent = Sent(self.command, self.path, names, self.rfile.read(length))
            with lock:
                between.requests.append(sent)
                is_broken = fault is not None and (behind is None or len(between.requests) == at)
                between.broken += is_broken
            with suppress(OSError):
                if is_broken and fault is not None:
                    self.close_connection = True
                    _play(fault, self.connection, ended)
                elif behind is not None:
                    change = partial(changing, f"{between.endpoint}{self.path}")
                    self.wfile.write(_forwarded(behind, sent, adding, change))

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Nothing: what comes by may be secret."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, object]:
            taken = super().get_request()
            between.connections += 1
            return taken

        def handle_error(self, *_: object) -> None:
            """The other end may go at any time."""

    lock = threading.Lock()
    with Server(("127.0.0.1", 0), Handler) as server:
        between = Between(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield between
        finally:
            ended.set()
            server.shutdown()
            thread.join()


def _play(fault: Fault, connection: socket.socket, ended: threading.Event) -> None:
    connection.settimeout(5)
    connection.sendall(fault.head)
    while (fault.rest or fault.every_s) and not ended.wait(fault.every_s):
        connection.sendall(fault.rest)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _forwarded(behind: str, sent: Sent, adding: str, changing: Callable[[bytes], bytes]) -> bytes:
    """The answer of the server behind, as it is written down again."""
    parts = urlsplit(behind)
    made = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        made.putrequest(sent.method, sent.target, skip_host=True, skip_accept_encoding=True)
        for name, text in sent.headers.items():
            made.putheader(name, text)
        made.endheaders(sent.body)
        answer = made.getresponse()
        body = answer.read(_FORWARDED_BYTES_MAX)
    finally:
        made.close()
    kept = "".join(
        f"{name}: {text}\r\n"
        for name in _CARRIED
        if f"{name}:" not in adding
        for text in answer.headers.get_all(name) or ()
    )
    kind = answer.getheader("content-type") or ""
    return answered(answer.status, changing(body), kind, kept + adding)


def answered(
    status: int, body: bytes, content_type: str = "application/json", headers: str = ""
) -> bytes:
    """An answer of HTTP. headers: more of them, each ended by CR LF."""
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n"
    ).encode() + body
