"""One HTTP exchange that a connector asks the agent for: bounded, over verified TLS, ended by a stop."""

import re
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from stella.kernel import Remedy, StellaError
from stella.kernel.address import is_of_metadata
from stella.sdk import (
    Connection,
    HostRequest,
    HostResponse,
    ServiceRefused,
    ServiceUnreachable,
    is_secret_reference,
)
from stella.sdk.aws import Keys, Scope, signed_headers
from stella.sdk.service_client import ServiceClient

_TIMEOUT_S_MAX = 120
_BYTES_MAX = 4 * 1024 * 1024  # it crosses to a connector apart as base64, in one message
_TICK_S = 0.1
_METHOD = re.compile(r"[A-Z]{1,10}\Z")
_PATH = re.compile(r"/[!-~]{0,8000}\Z")


def references_in(request: HostRequest) -> frozenset[str]:
    """Every secret reference in it."""
    signing = request.signing
    texts = [request.endpoint, request.ca or "", *request.headers.values()]
    if signing is not None:
        texts += [signing.region, signing.access_key_id]
        texts += [signing.secret_access_key, signing.session_token]
    return frozenset(filter(is_secret_reference, texts))


def exchanged(
    request: HostRequest, secrets: Mapping[str, str], stop: threading.Event
) -> HostResponse | None:
    """The answer; None where the agent shall end. secrets: by reference, all that are in ``request``.

    Raises ServiceUnreachable, ServiceRefused.
    """
    exchange = _Exchange(request, secrets)
    thread = threading.Thread(target=exchange.run, name="send", daemon=True)
    thread.start()
    left_s = float(min(request.timeout_s, _TIMEOUT_S_MAX))
    while not exchange.is_over.wait(_TICK_S) and left_s > 0 and not stop.is_set():
        left_s -= _TICK_S
    if not exchange.is_over.is_set():
        exchange.cut()
        if stop.is_set():
            return None
        raise exchange.unreachable(f"no whole answer within {request.timeout_s} s")
    if exchange.refusal is not None:
        raise exchange.refusal
    if exchange.broken is not None:
        raise exchange.broken
    return exchange.answer


class _Exchange:
    """In a thread of its own, so that a stop need not wait for the other side."""

    def __init__(self, request: HostRequest, secrets: Mapping[str, str]) -> None:
        self._request = request
        self._secrets = secrets
        self._sockets: list[socket.socket] = []
        self._endpoint = self._resolved(request.endpoint).rstrip("/")
        self.is_over = threading.Event()
        self.answer: HostResponse | None = None
        self.refusal: StellaError | None = None
        self.broken: BaseException | None = None

    def run(self) -> None:
        try:
            self.answer = self._exchange()
        except StellaError as refusal:
            self.refusal = refusal
        except BaseException as bug:  # noqa: BLE001 - it is raised again, by who waits
            self.broken = bug
        finally:
            self.is_over.set()

    def cut(self) -> None:
        """Let go of the other side at once."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def unreachable(self, why: str) -> ServiceUnreachable:
        at = re.sub(r"\Ahttps?://", "", self._endpoint)[:253]
        return ServiceUnreachable(
            f"{at} gives no usable answer: {why}",
            remedy=Remedy("See that it runs, and that the agent's host reaches it."),
            service=at,
        )

    def _exchange(self) -> HostResponse:
        asked = self._request
        if not _METHOD.match(asked.method) or not _PATH.match(asked.path):
            raise ServiceRefused(
                "a connector asked for what is no HTTP request",
                remedy=Remedy("Report it to who made the connector."),
            )
        connection = Connection(
            self._endpoint,
            self._connect,
            ca=None if asked.ca is None else self._resolved(asked.ca),
            timeout_s=min(asked.timeout_s, _TIMEOUT_S_MAX),
        )
        client = ServiceClient(connection, "the service", may_be_plain=asked.plain_http)
        try:
            url = client.url(asked.path)
            headers = self._headers(url)
            content = asked.content or None
            size = min(asked.bytes_max, _BYTES_MAX)
            reply = client.once(asked.method, url, headers, content, bytes_max=size)
        finally:
            client.close()
        return HostResponse(reply.status, dict(reply.headers), reply.body)

    def _headers(self, url: str) -> dict[str, str]:
        headers = {name: self._resolved(text) for name, text in self._request.headers.items()}
        for name, text in headers.items():
            if not (name.isascii() and (name + text).isprintable() and text.isascii()):
                raise ServiceRefused(
                    f"the header {name[:60]!r} holds line ends or letters beyond ASCII",
                    remedy=Remedy("Store its secret without a line end, as it was given out."),
                )
        signing = self._request.signing
        if signing is None:
            return headers
        return signed_headers(
            self._request.method,
            url,
            headers,
            self._request.content,
            keys=Keys(
                self._resolved(signing.access_key_id),
                self._resolved(signing.secret_access_key),
                self._resolved(signing.session_token),
            ),
            scope=Scope(self._resolved(signing.region), signing.service),
            now=datetime.now(UTC),
        )

    def _resolved(self, text: str) -> str:
        return self._secrets.get(text, text)

    def _connect(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = _connected(host, port, timeout)
        self._sockets.append(connected)
        return connected


def _connected(host: str, port: int, timeout: float) -> socket.socket:
    """The name is looked up once, and the address that was judged is the one that is reached.

    Private networks and loopback are where such services are; a cloud's metadata service is none of
    them. Raises ServiceRefused, OSError.
    """
    refusal: ServiceRefused | None = None
    trouble: OSError | None = None
    ends_at = time.monotonic() + timeout
    for address in _addresses(host, port):
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            break
        if is_of_metadata(address):
            refusal = ServiceRefused(
                f"{host[:100]} lies at {address}, where clouds hand out credentials",
                remedy=Remedy("Give the address of the service itself."),
                service=host[:100],
            )
            continue
        try:
            return socket.create_connection((address, port), left_s)
        except OSError as error:
            trouble = error
    raise trouble or refusal or OSError(f"{host[:100]} has no address")


def _addresses(host: str, port: int) -> Iterable[str]:
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError(f"{host[:100]} is no name that can be looked up") from None
    return dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found)
