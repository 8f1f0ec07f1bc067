"""The child's end of the line to the host: whole frames, and descriptors beside them."""

import array
import os
import select
import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock
from typing import Any

from stella.plugin.calls import (
    HEADER,
    Answer,
    Ask,
    Call,
    Door,
    Frame,
    Message,
    NoWay,
    Refused,
    message_frame,
    parse_header,
    parse_message,
    piece_frames,
)
from stella.plugin.crossing import host_refusal

_ANCILLARY_BYTES = socket.CMSG_SPACE(array.array("i").itemsize)
_IDLE_S = 300


class Line:
    """A socket to the host. One thing is asked at a time, whichever thread asks it."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._descriptors: list[int] = []
        self._asking = Lock()

    def send(self, message: Message) -> None:
        """Raises MalformedWire where it cannot cross."""
        self._line.sendall(message_frame(message))

    def send_pieces(self, content: bytes) -> Iterator[None]:
        """One frame at each step."""
        for frame in piece_frames(content):
            self._line.sendall(frame)
            yield

    def receive(self) -> Any:
        """The next message. Ends the process where the host is gone, or says what it never says."""
        frame, content = self._frame()
        if frame is not Frame.MESSAGE:
            os._exit(0)
        return parse_message(content)

    def wait(self) -> None:
        """Until something comes. Ends the process where that takes too long: nobody needs it."""
        if not select.select([self._line], [], [], _IDLE_S)[0]:
            os._exit(0)

    def receive_bytes(self, call: Call) -> dict[str, bytes]:
        """The arguments of a call that follow it."""
        received = {}
        for name, length in call.lengths.items():
            assert isinstance(length, int)
            content = bytearray()
            while len(content) < length:
                content += self._frame()[1]
            received[name] = bytes(content)
        return received

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """As ``stella.plugin.contract.Connect``: the host connects, where it lets us."""
        asked = Ask(Door.CONNECT, str(host), int(port), int(timeout * 1000))
        with self._asking:
            self._asked(asked)
            if not self._descriptors:
                raise OSError("the host gave no socket")
            connected = socket.socket(fileno=self._descriptors.pop())
        connected.settimeout(timeout)
        return connected

    def login(self) -> tuple[str, str]:
        """User and password, as the host has them now."""
        with self._asking:
            user, password = self._asked(Ask(Door.LOGIN)).values
        return user, password

    def credential(self, name: str) -> str:
        """The secret of that name, as the host has it now."""
        with self._asking:
            (value,) = self._asked(Ask(Door.CREDENTIAL, name)).values
        return value

    def close(self) -> None:
        """The process that began this one keeps no end of the line."""
        with suppress(OSError):
            self._line.close()

    def _asked(self, ask: Ask) -> Answer:
        self.send(ask)
        match self.receive():
            case Answer() as answer:
                return answer
            case Refused() as said:
                raise host_refusal(said)
            case NoWay(number, text):
                raise OSError(number, text)
        raise OSError("the host did not answer")

    def _frame(self) -> tuple[Frame, bytes]:
        frame, length = parse_header(self._read(HEADER.size))
        return frame, self._read(length)

    def _read(self, length: int) -> bytes:
        content = bytearray()
        while len(content) < length:
            try:
                part, ancillary, _, _ = self._line.recvmsg(
                    length - len(content), _ANCILLARY_BYTES, socket.MSG_CMSG_CLOEXEC
                )
            except OSError:
                part, ancillary = b"", []
            if not part:
                os._exit(0)
            content += part
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    self._descriptors += array.array("i", data)
        return bytes(content)
