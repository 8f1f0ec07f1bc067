"""The outermost layer: bounded bodies, headers on everything, bugs caught."""

import hashlib
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stella.api.asked import BODY_DIGEST
from stella.api.errors import InvalidRequest, RequestTooLarge
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


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

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

        try:
            _refuse_nul(scope)
            body = await self._body(receive)
        except StellaError as refusal:
            await problem_response(refusal)(scope, receive, send_with_headers)
            return
        except _Gone:
            return
        scope[BODY_DIGEST] = hashlib.sha256(body).hexdigest()
        try:
            await self._app(scope, _replayed(body, receive), send_with_headers)
        except Exception as error:  # noqa: BLE001 - the outermost edge: a bug ends one request only
            bug = internal(self._services.database.new_id("inc"), error)
            if not has_begun:
                await problem_response(bug)(scope, receive, send_with_headers)

    async def _body(self, receive: Receive) -> bytes:
        """The whole body, bounded. Raises RequestTooLarge, _Gone: half a body is nobody's wish."""
        limit, parts, size = self._services.limits.request_bytes_max, [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise RequestTooLarge(
                    f"the request's body is larger than {limit} bytes",
                    remedy=Remedy("Send less, or raise request_bytes_max in the settings."),
                    limit_bytes=limit,
                )
            if not message.get("more_body", False):
                return b"".join(parts)

    def _add_headers(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        if self._services.is_https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


class _Gone(Exception):
    """The client went away before it had sent everything."""


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
