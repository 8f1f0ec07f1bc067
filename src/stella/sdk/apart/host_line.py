"""The host's end of the line to a plugin's process: nothing that is said there can hold us longer
than the call may take, or fill our memory, or reach us as anything but data.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from stella.plugin.calls import (
    HEADER,
    Confined,
    Errored,
    Frame,
    Message,
    Refused,
    Start,
    message_frame,
    parse_header,
    parse_message,
    piece_frames,
)
from stella.plugin.crossing import bounded_facts, bounded_text, masked
from stella.plugin.wire import MalformedWire

_VARIABLES = ("PATH", "PYTHONPATH", "LANG", "LC_ALL")
_ENDING_S = 10.0
_OUTPUT_BYTES_MAX = 16 * 1024
# What is read beyond, so that a secret at the edge is whole when it is masked.
_EDGE_BYTES = 4 * 1024
_SECRETS_MAX = 64


class Lost(Exception):
    """The call ends without an answer, and the process with it. Never leaves this room."""


class Told(Lost):
    """Lost for what the plugin itself said, in its own words."""


class Budget:
    """The time that one call may take; what its caller does between two pieces does not count."""

    def __init__(self, seconds: float) -> None:
        self._left_s = float(seconds)
        self._seconds = seconds

    def left_s(self) -> float:
        """Raises Lost where nothing is left."""
        if self._left_s <= 0:
            raise Lost(f"it was not done after {self._seconds:g} s")
        return self._left_s

    def take(self, seconds: float) -> None:
        """So much was taken."""
        self._left_s -= seconds


class PluginLine:
    """One process of a plugin, and all that crosses. For one thread at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            self._socket = ours
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "stella.sdk.apart.child", str(theirs.fileno())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=(theirs.fileno(),),
                    cwd="/",
                    env=_environment(),
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise Lost(f"no process could be begun: {error.strerror}") from error
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._output, False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._poll.register(self._output, select.POLLIN)
        self._printed = bytearray()
        self._printed_bytes = 0
        self._secrets: list[str] = []

    def load(self, start: Start, budget: Budget) -> Confined:
        """Let it confine itself: by what. It loads the plugin then. Raises Lost."""
        self.send(start, budget)
        confined = self.receive(budget)
        if not isinstance(confined, Confined):
            raise Lost("it did not say what it is held to")
        return confined

    def is_quiet(self) -> bool:
        """Whether it waits for a call: it has not ended, and said nothing unasked."""
        self._poll.modify(self._socket, select.POLLIN)
        return self._socket.fileno() not in dict(self._poll.poll(0))

    def tell(self, what: bytes) -> bool:
        """Whether the watch could be told: it is there."""
        assert self._process.stdin is not None
        try:
            return os.write(self._process.stdin.fileno(), what) == len(what)
        except OSError:
            return False

    def keep_secret(self, *secrets: str) -> None:
        """These were handed over, and are masked in all it says besides."""
        self._secrets = [*self._secrets, *secrets][-_SECRETS_MAX:]

    def masked(self, text: str) -> str:
        """``text`` without any secret that it was given."""
        return masked(text, self._secrets)

    def printed(self) -> tuple[str, int]:
        """What it printed since last asked, masked and bounded; and how many bytes it was."""
        self._drain()
        text, count = bytes(self._printed).decode(errors="replace"), self._printed_bytes
        self._printed.clear()
        self._printed_bytes = 0
        return bounded_text(self.masked(text), _OUTPUT_BYTES_MAX), count

    def send(self, message: Message, budget: Budget, *, descriptor: int | None = None) -> None:
        """Raises Lost; MalformedWire where it is ours that is too large."""
        self._send(message_frame(message), budget, descriptor)

    def send_pieces(self, content: bytes, budget: Budget) -> None:
        """Raises Lost."""
        for frame in piece_frames(content):
            self._send(frame, budget, None)

    def receive(self, budget: Budget) -> Any:
        """The next message, or a piece as bytes. Raises Lost."""
        try:
            frame, length = parse_header(self._read(HEADER.size, budget))
            content = self._read(length, budget)
            if frame is Frame.PIECE:
                return content
            message = parse_message(content)
        except MalformedWire as error:
            raise Told(self.masked(f"it said what cannot be read: {error}")) from None
        if isinstance(message, Errored):
            raise Told(self.masked(message.why))
        if isinstance(message, Refused):
            return self._masked_refusal(message)
        return message

    def end(self) -> None:
        """Nothing of it is left when this returns: the watch sees to it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._socket.close()
        try:
            self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process.stdout.close()

    def _send(self, content: bytes, budget: Budget, descriptor: int | None) -> None:
        view = memoryview(content)
        while view:
            self._wait(budget, select.POLLIN | select.POLLOUT)
            try:
                if descriptor is None:
                    sent = self._socket.send(view)
                else:
                    sent = socket.send_fds(self._socket, [view], [descriptor])
                    descriptor = None
            except BlockingIOError:
                continue
            except OSError:
                self.receive(budget)  # raises what it said last, or how it ended
                raise Lost(self._why_ended()) from None
            view = view[sent:]

    def _read(self, length: int, budget: Budget) -> bytes:
        content = bytearray(length)
        view = memoryview(content)
        while view:
            self._wait(budget, select.POLLIN)
            try:
                # Without room for descriptors: those of a stranger are closed by the kernel.
                received = self._socket.recv_into(view)
            except BlockingIOError:
                continue
            except OSError:
                received = 0
            if received == 0:
                raise Lost(self._why_ended())
            view = view[received:]
        return bytes(content)

    def _wait(self, budget: Budget, wanted: int) -> None:
        """Until the line is ready. What is printed meanwhile is read: its writer may wait for us."""
        self._poll.modify(self._socket, wanted)
        while True:
            begun = time.monotonic()
            events = dict(self._poll.poll(max(1, budget.left_s() * 1000)))
            budget.take(time.monotonic() - begun)
            if self._output in events:
                self._drain()
            if self._socket.fileno() in events:
                return

    def _drain(self) -> None:
        try:
            printed = os.read(self._output, 64 * 1024)
        except BlockingIOError:
            return
        if not printed:
            with suppress(KeyError):
                self._poll.unregister(self._output)
        self._printed_bytes += len(printed)
        room = _OUTPUT_BYTES_MAX + _EDGE_BYTES - len(self._printed)
        self._printed += printed[: max(0, room)]

    def _masked_refusal(self, said: Refused) -> Refused:
        facts = _masked_facts(bounded_facts(said.facts), self.masked)
        assert isinstance(facts, dict)
        command = None if said.command is None else self.masked(said.command)
        return Refused(
            said.code,
            self.masked(said.message),
            self.masked(said.advice),
            command,
            facts,
            said.echo,
        )

    def _why_ended(self) -> str:
        """The watch ends as the plugin did, a moment later."""
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "it closed the line"
        if code > 128:
            with suppress(ValueError):
                return f"it was ended by {signal.Signals(code - 128).name}"
        return f"it ended by itself, with {code}"


def _masked_facts(value: Any, mask: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(key): _masked_facts(item, mask) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked_facts(item, mask) for item in value]
    return value


def _environment() -> dict[str, str]:
    """Nothing of ours. One arena: each further one takes 64 MiB of the address space it is given."""
    given = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    if "PYTHONPATH" in given:  # seen from where the child begins
        parts = given["PYTHONPATH"].split(os.pathsep)
        given["PYTHONPATH"] = os.pathsep.join(str(Path(one).absolute()) for one in parts if one)
    return {**given, "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "1"}
