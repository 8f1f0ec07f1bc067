"""How a connector speaks HTTP: TLS, a proxy, kept connections, bodies read as they come, all bounded.

``Connections.of(connection)`` is the client for one connection profile: every socket is opened by its
``connect``, only its authority and its proxy count. ``send`` gives an ``Answer`` with its body unread,
``bounded`` and ``json_object`` read it. What goes wrong below HTTP is ``HttpTrouble``, whose text holds
nothing that was sent or received; a connector turns it into a refusal of its own.

It is HTTP/1.1 from the standard library: a larger client takes longer to load than the whole scan of
an image whose layers were seen before.
"""

import http.client
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TypeVar
from urllib.parse import quote, unquote, urljoin, urlsplit

from stella.plugin.contract.connection import Connect, Connection

_AnyConnection = TypeVar("_AnyConnection", bound=http.client.HTTPConnection)
BUSY = frozenset({408, 425, 429, 503})
"""The service asks to be left alone for a while."""
WAIT_S_MAX = 5.0
FIRST_WAIT_S = 0.2
"""Where it does not say how long; twice as long each time."""
_REDIRECTS_MAX = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_IDLE_MAX = 8
_REST_BYTES_MAX = 64 * 1024
BYTES_PER_SECOND_MIN = 64 * 1024
# All that follows a redirect to another host: any other header may be a credential.
_HARMLESS = frozenset({"accept", "accept-encoding", "content-type", "range", "user-agent"})
# What a Location may hold as it stands; everything else is escaped.
_URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"


class HttpTrouble(Exception):
    """No whole answer came. Never leaves the connector. Its text quotes nothing sent or received."""


class Answer:
    """An answer whose body is unread. ``close`` it: a connection that can be used again is kept."""

    def __init__(self, connections: "Connections", used: "_Used") -> None:
        self._connections = connections
        self._used = used
        self._raw = used.raw
        self.status_code = used.raw.status
        self.headers: http.client.HTTPMessage = used.raw.headers

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    def chunks(self, bytes_max: int) -> Iterator[bytes]:
        """The body as it was sent, at most ``bytes_max`` at a time. Raises HttpTrouble.

        Also where it comes so slowly that it would never end, though each byte is in time.
        """
        received, grace_until = 0, time.monotonic() + self._connections.timeout_s
        while True:
            trouble = None
            try:
                # What is there, not all that is wanted: that could be waited for without end.
                chunk = self._raw.read1(bytes_max)
            except (OSError, http.client.HTTPException, ValueError) as error:
                trouble = _trouble(error)
            if trouble is not None:
                raise trouble
            if not chunk:
                break
            received += len(chunk)
            if received < (time.monotonic() - grace_until) * BYTES_PER_SECOND_MIN:
                raise HttpTrouble(f"fewer than {BYTES_PER_SECOND_MIN >> 10} KiB a second came")
            yield chunk
        if self._raw.length:
            raise HttpTrouble(f"the answer broke off, {self._raw.length} bytes are missing")

    def close(self) -> None:
        """Keep the connection where nothing is left to read, else close it."""
        self._connections.give_back(self._used)


class _Used:
    """A connection with the answer that is read from it."""

    def __init__(
        self,
        origin: tuple[str, str],
        connection: http.client.HTTPConnection,
        raw: http.client.HTTPResponse,
    ) -> None:
        self.origin, self.connection, self.raw = origin, connection, raw


class Connections:
    """Sends requests. Safe for several threads; a connection serves one answer at a time.

    is_plain: http is spoken by choice; otherwise a redirect to it is refused. ca_file, ca: an own
    authority, as a file of PEM or as its text. uses_proxy: whether the environment's proxies count;
    proxy: URL of the one that is used in any case. connect: the way to the network; None for any.
    leads_elsewhere: whether a redirect to another host is followed, without credentials.
    """

    def __init__(
        self,
        *,
        is_plain: bool,
        timeout_s: float,
        ca_file: str | None = None,
        ca: str | None = None,
        uses_proxy: bool = False,
        proxy: str | None = None,
        connect: Connect | None = None,
        leads_elsewhere: bool = True,
    ) -> None:
        self._is_plain = is_plain
        self.timeout_s = timeout_s
        self._uses_proxy = uses_proxy
        self._given_proxy = proxy
        self._connect = connect
        self._leads_elsewhere = leads_elsewhere
        # At once, so that a file that is none is refused before anything is asked.
        self._context = _context(ca_file, ca) if ca_file or ca else None
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, connection: Connection, *, leads_elsewhere: bool = False) -> "Connections":
        """The client of a connection profile. Raises HttpTrouble where its ``ca`` is no PEM."""
        return cls(
            is_plain=connection.endpoint.startswith("http://"),
            timeout_s=connection.timeout_s,
            ca=connection.ca,
            proxy=connection.proxy,
            connect=connection.connect,
            leads_elsewhere=leads_elsewhere,
        )

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        follows: bool = True,
    ) -> Answer:
        """The answer to one request, redirects followed unless the caller reads them. Raises HttpTrouble.

        No header that may be a credential follows a redirect to another host.
        """
        sent = dict(headers)
        for _ in range(_REDIRECTS_MAX + 1):
            answer = self._once(method, url, sent, content)
            location = answer.headers.get("location")
            if answer.status_code not in _REDIRECTS or not location or not follows:
                return answer
            answer.close()
            following = joined(url, location)
            if origin_of(following) != origin_of(url):
                if not self._leads_elsewhere:
                    raise HttpTrouble("it redirects to another host")
                sent = {name: text for name, text in sent.items() if name.lower() in _HARMLESS}
            if not self._is_plain and not following.startswith("https://"):
                raise HttpTrouble("it redirects from https to plain http")
            if answer.status_code == 303 or (answer.status_code < 303 and method == "POST"):
                method, content = "GET", None
            url = following
        raise HttpTrouble(f"it redirects more than {_REDIRECTS_MAX} times")

    def give_back(self, used: _Used) -> None:
        """Take back the connection of an answer that is done with."""
        raw, connection = used.raw, used.connection
        try:
            # A short rest is read so that the connection can be used again; a long one is not.
            if raw.length == 0:
                raw.read()
            elif connection.sock is not None and 0 < (raw.length or 0) <= _REST_BYTES_MAX:
                with self._in_time(connection):
                    raw.read()
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
        is_whole = raw.isclosed() and connection.sock is not None
        raw.close()
        if is_whole:
            with self._lock:
                kept = self._idle.setdefault(used.origin, [])
                if len(kept) < _IDLE_MAX:
                    kept.append(connection)
                    return
        connection.close()

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        origin, parts = origin_of(url), urlsplit(url)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        sent = dict(headers)
        proxy = self._proxy(parts.scheme, parts.hostname or "")
        if proxy and parts.scheme == "http":
            target = f"http://{parts.netloc}{target}"
            sent |= _proxy_credentials(proxy)
        while True:
            with self._lock:
                kept = self._idle.get(origin)
                connection = kept.pop() if kept else None
            is_kept, trouble = connection is not None, None
            try:
                if connection is None:
                    connection = self._connection(origin, proxy)
                    if proxy:  # whose own answer may come without end
                        with self._in_time(connection):
                            connection.connect()
                connection.request(method, target, content, sent)
                with self._in_time(connection):
                    return Answer(self, _Used(origin, connection, connection.getresponse()))
            except (OSError, http.client.HTTPException, ValueError) as error:
                if connection is not None:
                    connection.close()
                # A kept connection may have been closed at the other end meanwhile: once more.
                if not is_kept or isinstance(error, TimeoutError):
                    trouble = _trouble(error)
            if trouble is not None:  # here, so that nothing leads back to what it was made of
                raise trouble

    @contextmanager
    def _in_time(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        """The socket's own limit is for one byte, and starts again with each. Raises TimeoutError."""
        taken, late = connection.sock, threading.Event()

        def break_off() -> None:
            late.set()
            used = taken or connection.sock
            with suppress(OSError):
                if used is not None:
                    used.shutdown(socket.SHUT_RDWR)

        limit = threading.Timer(self.timeout_s, break_off)
        limit.daemon = True
        limit.start()
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError):
            if not late.is_set():
                raise
        finally:
            limit.cancel()
        if late.is_set():  # a head that was cut off reads like one that has ended
            raise TimeoutError(f"no whole answer came within {self.timeout_s:.0f} s")

    def _connection(self, origin: tuple[str, str], proxy: str | None) -> http.client.HTTPConnection:
        scheme, place = origin
        parts = urlsplit(f"{scheme}://{place}")
        host, port = parts.hostname or "", parts.port
        through = urlsplit(proxy) if proxy else parts
        if proxy and (through.scheme != "http" or not through.hostname):
            raise HttpTrouble(f"a proxy of the kind {through.scheme[:20]!r} cannot be used")
        to_host, to_port = through.hostname or "", through.port
        if scheme == "http":
            return self._guarded(
                http.client.HTTPConnection(to_host, to_port, timeout=self.timeout_s)
            )
        with self._lock:
            if self._context is None:
                self._context = _context(None, None)
        made = http.client.HTTPSConnection(
            to_host, to_port, timeout=self.timeout_s, context=self._context
        )
        if proxy:
            made.set_tunnel(host, port or 443, _proxy_credentials(proxy))
        return self._guarded(made)

    def _guarded(self, made: _AnyConnection) -> _AnyConnection:
        """``made``, which opens its socket the way we were given."""
        if self._connect is not None:
            connect = self._connect

            def open_socket(address: tuple[str, int], timeout: float, _: object) -> socket.socket:
                opened = connect(address[0], address[1], timeout)
                opened.settimeout(timeout)
                return opened

            # The seam that http.client has for it (a test holds that it is used).
            made._create_connection = open_socket  # type: ignore[attr-defined]  # noqa: SLF001
        return made

    def _proxy(self, scheme: str, host: str) -> str | None:
        if self._given_proxy:
            return self._given_proxy
        if not self._uses_proxy or not any(name.lower().endswith("_proxy") for name in os.environ):
            return None
        from urllib.request import getproxies, proxy_bypass

        proxies = getproxies()
        found = proxies.get(scheme) or proxies.get("all")
        if not found or proxy_bypass(host):
            return None
        return found if "://" in found else f"http://{found}"


def joined(url: str, location: str) -> str:
    """The absolute URL that ``location`` means on the page ``url``. Raises HttpTrouble."""
    try:
        made = urljoin(url, quote(location, safe=_URL_CHARACTERS))
        parts = urlsplit(made)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_usable = False
    if not is_usable:
        raise HttpTrouble("it names no usable address")
    return made


def origin_of(url: str) -> tuple[str, str]:
    """Scheme and ``host[:port]``, without a user."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


def bounded(answer: Answer, bytes_max: int) -> bytes:
    """The body, read no further than one byte past ``bytes_max``. Raises HttpTrouble."""
    parts: list[bytes] = []
    left = bytes_max + 1
    for chunk in answer.chunks(64 * 1024):
        parts.append(chunk[:left])
        left -= len(parts[-1])
        if left <= 0:
            break
    return b"".join(parts)


def retry_after(headers: Mapping[str, str]) -> int | None:
    """How long a service asks to be left alone, in seconds; None where it does not say, or says a date."""
    text = headers.get("retry-after", "").strip()
    return int(text) if text.isdigit() and len(text) < 7 else None


def json_object(content: bytes | str) -> dict[str, object] | None:
    """The JSON object that ``content`` is; None where it is none, nested without end included."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def trusted(ca: str | None) -> ssl.SSLContext:
    """For a connector whose protocol is not HTTP. Raises HttpTrouble where ``ca`` is no PEM."""
    return _context(None, ca)


def _context(ca_file: str | None, ca: str | None) -> ssl.SSLContext:
    """The authorities that are trusted: an own one, the environment's, else the usual ones."""
    if not ca_file and not ca and not {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys():
        import certifi

        ca_file = certifi.where()
    try:
        return ssl.create_default_context(cafile=ca_file, cadata=ca)
    except (ssl.SSLError, ValueError, TypeError):  # a text beyond ASCII is the last
        if ca_file:
            raise
    raise HttpTrouble("the own authority that was given is no certificate in PEM")


def _proxy_credentials(proxy: str) -> dict[str, str]:
    from base64 import b64encode

    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _trouble(error: Exception) -> HttpTrouble:
    """What went wrong, without any part of a header, an address or an answer."""
    name = type(error).__name__
    if isinstance(error, http.client.RemoteDisconnected):
        return HttpTrouble(f"{name}: it ended the connection without an answer")
    if isinstance(error, http.client.HTTPException):
        return HttpTrouble(f"{name}: its answer is no HTTP")
    if isinstance(error, OSError):
        # The proxy's own words are left out; a status is the last thing that is ours to repeat.
        told = str(error)
        if told.startswith("Tunnel connection failed: "):
            told = told[:29]
        return HttpTrouble(f"{name}: {told}")
    return HttpTrouble(f"{name}: a header or an address that HTTP does not carry")
