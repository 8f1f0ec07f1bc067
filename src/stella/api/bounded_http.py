"""The HTTP parser's connection, bounded: a head that is huge or never ends is let go."""

from asyncio import TimerHandle, Transport

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 65_536
"""Request line and headers together; the parser itself would keep any number of them."""
HEAD_SECONDS_MAX = 30.0


class BoundedHttp(HttpToolsProtocol):
    """One connection. A body is the application's to bound; until there is one, nobody else does."""

    _head_bytes = 0
    _is_head = True
    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Wait for a head, not for ever."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless this head is too large already."""
        if self._is_head:
            self._head_bytes += len(data)
            # What comes in one piece is at most what the socket is read by: four heads.
            if self._head_bytes > HEAD_BYTES_MAX and self._head_bytes > len(data):
                self.send_400_response("The request's headers are too large.")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The next head."""
        super().on_message_begin()
        self._is_head = True
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """From here on the application sees the request."""
        self._is_head, self._head_bytes = False, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes now is another head; how long it may take is the keep-alive's until it begins."""
        self._is_head = True
        super().on_message_complete()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self._let_go)

    def _let_go(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
