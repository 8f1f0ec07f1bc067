"""Where a project's commands run and its files lie: this machine, or one that is reached from it."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from stella.kernel import StellaError
from stella.sdk.protocol import RegistryLogin

Tell = Callable[[str], None]
"""A line of standard error, as it comes."""

OUTPUT_BYTES_MAX = 16 * 1024 * 1024
_LINE_BYTES_MAX = 8 * 1024
_TICK_S = 0.1
_LAST_WORDS_S = 5.0


class Stopped(BaseException):
    """The agent shall end. No refusal: nothing is undone, the order is gone on with later."""


class Severed(BaseException):
    """A machine that had been reached is not any more: nobody knows how far the command came.

    No refusal, as a crash is none: what began it may not undo anything, but begins again and converges.
    refusal: what it comes to where it is not tried again.
    """

    def __init__(self, refusal: StellaError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be run in the project's directory, without a shell.

    environment: beside the machine's own, every secret in its place: it never becomes a word of a
    command line.
    """

    argv: tuple[str, ...]
    timeout_s: float
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    stdin: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. status: None where it did not in time, and was ended with its children.

    output, said: the first ``OUTPUT_BYTES_MAX`` bytes of standard output and error.
    """

    output: bytes
    said: bytes
    status: int | None


class Logins(Protocol):
    """Of one command."""

    def directory(self, login: RegistryLogin) -> str:
        """Where Docker's programs find that login, there and closed to others (``DOCKER_CONFIG``)."""
        ...


class Machine(Protocol):
    """A project's place on one machine."""

    def run(self, command: Command, tell: Tell, stop: threading.Event) -> Ended:
        """Run it to its end. Where ``stop`` is set it is ended with its children.

        Raises Stopped, CommandMissing, FileNotWritten; and where it is another machine Severed, and
        what refuses to let us in.
        """
        ...

    def write(self, name: str, content: bytes) -> str:
        """Place a file of the project, whole or not at all, closed to others; its absolute path."""
        ...

    def read(self, name: str) -> bytes | None:
        """A file of the project, or None."""
        ...

    def logins(self) -> AbstractContextManager[Logins]:
        """For one command; what was made is gone afterwards."""
        ...

    def close(self) -> None:
        """Whatever leads there."""
        ...


class UnderWay(Protocol):
    """A command that runs, as ``watched`` needs it."""

    def read_output(self) -> bytes:
        """The next bytes as they come; none at its end."""
        ...

    def read_errors(self) -> bytes:
        """The same of standard error."""
        ...

    def status(self, wait_s: float) -> int | None:
        """Its status, where it ends within that time."""
        ...

    def end(self) -> None:
        """End it and its children: asked first, then made to."""
        ...


def watched(running: UnderWay, timeout_s: float, tell: Tell, stop: threading.Event) -> Ended:
    """Let it run to its end, to its time, or to ``stop``. Raises Stopped."""
    output, said = Kept(), Kept(tell)
    readers = [
        threading.Thread(target=one.collect, args=(read,), daemon=True)
        for one, read in ((output, running.read_output), (said, running.read_errors))
    ]
    for reader in readers:
        reader.start()
    status: int | None = None
    deadline = time.monotonic() + timeout_s
    try:
        while status is None and not stop.is_set() and time.monotonic() < deadline:
            # The end of its output comes at once; asking the process itself is a slow poll.
            readers[0].join(_TICK_S)
            status = running.status(0 if readers[0].is_alive() else _TICK_S)
    finally:
        if status is None:
            running.end()
        for reader in readers:
            reader.join(_LAST_WORDS_S)
    if status is None and stop.is_set():
        raise Stopped
    return Ended(bytes(output.content), bytes(said.content), status)


class Kept:
    """What came, up to a limit; told line by line where somebody listens. All of it is read."""

    def __init__(self, tell: Tell | None = None) -> None:
        self.content = bytearray()
        self._tell = tell
        self._line = b""

    def collect(self, read: Callable[[], bytes]) -> None:
        """Until there is no more."""
        while piece := read():
            self.add(piece)
        self.end()

    def add(self, piece: bytes) -> None:
        """The next bytes."""
        self.content += piece[: OUTPUT_BYTES_MAX - len(self.content)]
        if self._tell is not None:
            self._tell_lines(piece)

    def end(self) -> None:
        """Nothing more comes: what stands without an end of its line is told too."""
        self._tell_line(self._line)
        self._line = b""

    def _tell_lines(self, piece: bytes) -> None:
        *lines, self._line = (self._line + piece).split(b"\n")
        for line in lines:
            self._tell_line(line)
        if len(self._line) > _LINE_BYTES_MAX:
            self._tell_line(self._line)
            self._line = b""

    def _tell_line(self, line: bytes) -> None:
        if self._tell is not None and line.strip():
            self._tell(line[:_LINE_BYTES_MAX].decode(errors="replace"))
