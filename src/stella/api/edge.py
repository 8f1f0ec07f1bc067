"""The outermost layer: bounded bodies, headers on everything, bugs caught."""

import asyncio
import hashlib
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stella.api.asked import BODY_DIGEST
from stella.api.errors import (
    InvalidRequest,
    RequestTooLarge,
    RequestTooSlow,
    ServerBusy,
)
from stella.api.problems import internal, problem_response
from stella.api.services import Services
from stella.kernel import Remedy, StellaError

# Styles inline: the console's component library sets sizes and colours on elements.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

SIMULATED_HEADER = "Stella-Simulated"
"""On every answer of a server whose hosts and registry are stand-ins: clients say so."""

# Bodies up to this size are always taken: a few large ones must not keep out everybody else.
_SMALL_BYTES = 65_536
_LARGE_BODIES_MAX = 8


class Edge:
    """ASGI middleware around the whole application.

    body_seconds_max: how long a body may take to arrive. Before that nobody has said who they are.
    """

    def __init__(self, app: ASGIApp, services: Services, *, body_seconds_max: float = 60.0) -> None:
        self._app = app
        self._services = services
        self.body_seconds_max = body_seconds_max
        self.body_bytes_max = services.limits.request_bytes_max
        self.held_bytes_max = _LARGE_BODIES_MAX * self.body_bytes_max
        self.held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                self._add_headers(message)
            await send(message)

        held = _Held(self)
        try:
            _refuse_nul(scope)
            body = await self._body(receive, held)
            if body is None:
                return
            scope[BODY_DIGEST] = hashlib.sha256(body).hexdigest()
            await self._app(scope, _replayed(body, receive), send_with_headers)
        except StellaError as refusal:
            # Refused before anybody routed it. What is left of the body is not read: the connection
            # ends with the answer.
            answer = problem_response(refusal, headers={"Connection": "close"})
            await answer(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the outermost edge: a bug ends one request only
            bug = internal(self._services.database.new_id("inc"), error)
            if not has_begun:
                await problem_response(bug)(scope, receive, send_with_headers)
        finally:
            held.let_go()

    async def _body(self, receive: Receive, held: "_Held") -> bytes | None:
        """The whole body, bounded; None where the sender went away before its end.

        Half a request must not be taken for a whole one, even where it reads like one.
        Raises RequestTooLarge, RequestTooSlow, ServerBusy.
        """
        parts = []
        try:
            async with asyncio.timeout(self.body_seconds_max):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    held.add(len(parts[-1]))
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise RequestTooSlow(
                f"the request's body was not there after {self.body_seconds_max:.0f} s",
                remedy=Remedy("Send it again, at once."),
            ) from None

    def _add_headers(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        if self._services.simulated:
            headers[SIMULATED_HEADER] = "true"
        if self._services.is_https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


class _Held:
    """What one request holds of the memory that all bodies share, beyond its first bytes."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._size = 0

    def add(self, size: int) -> None:
        """Hold ``size`` bytes more. Raises RequestTooLarge, ServerBusy."""
        before, self._size = self._counted, self._size + size
        self._edge.held_bytes += self._counted - before
        if self._size > self._edge.body_bytes_max:
            raise RequestTooLarge(
                f"the request's body is larger than {self._edge.body_bytes_max} bytes",
                remedy=Remedy("Send less, or raise request_bytes_max in the settings."),
                limit_bytes=self._edge.body_bytes_max,
            )
        if self._counted and self._edge.held_bytes > self._edge.held_bytes_max:
            raise ServerBusy(
                "too many large requests are under way",
                remedy=Remedy("Try again in a moment."),
            )

    def let_go(self) -> None:
        """The request has ended."""
        self._edge.held_bytes -= self._counted
        self._size = 0

    @property
    def _counted(self) -> int:
        return max(0, self._size - _SMALL_BYTES)


def _refuse_nul(scope: Scope) -> None:
    """PostgreSQL's text holds no U+0000, and no id or name has one. Raises InvalidRequest."""
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise InvalidRequest(
            "the address holds U+0000", remedy=Remedy("Send it without that character.")
        )


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once, and then what the connection really says."""
    is_sent = False

    async def replay() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
