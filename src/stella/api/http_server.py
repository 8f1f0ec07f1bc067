"""What serves HTTP: uvicorn's server, asleep while nobody asks, and a framework that reports nothing."""

import asyncio
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi.telemetry import TelemetryConfig

SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""What leaves a server is said in its settings; the framework would read the environment, and at each
request ask it anew."""

_TICK_S = 1.0
"""How often the ``Date`` of its answers moves on."""


class HttpServer(uvicorn.Server):
    """Ends when it is told, by a signal or by :meth:`end`; uvicorn's looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Take no more requests, end those that run, and return from ``run``. From any thread."""
        self.should_exit = True
        self._wake()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called in the main thread, by the signal."""
        super().handle_exit(sig, frame)
        self._wake()

    async def main_loop(self) -> None:
        """Until it is told to end."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):  # 0: the tick that sets the date
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _TICK_S)

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it has ended, and closed
                loop.call_soon_threadsafe(self._woken.set)
