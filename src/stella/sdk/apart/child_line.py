"""The child's end of the line to the host: whole frames, and descriptors beside them."""

import array
import os
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from threading import Condition, Lock
from typing import Any

from stella.kernel import Json
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
_SERVING, _ASKING = 0, 1


class Line:
    """A socket to the host. One thread serves; any may ask the host meanwhile, one at a time."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._descriptors: list[int] = []
        self._raw: dict[str, bytes] = {}
        self._sending = Lock()
        self._asking = Lock()
        # Whoever waits reads, and leaves what is not for them: [for who serves, for who asks].
        self._heard: tuple[deque[Any], deque[Any]] = (deque(), deque())
        self._turn = Condition()
        self._is_read = False

    def send(self, message: Message) -> None:
        """Raises MalformedWire where it cannot cross."""
        frame = message_frame(message)
        with self._sending:
            self._line.sendall(frame)

    def send_pieces(self, content: bytes) -> Iterator[None]:
        """One frame at each step."""
        for frame in piece_frames(content):
            with self._sending:
                self._line.sendall(frame)
            yield

    def receive(self) -> Any:
        """The next message to who serves. Ends the process where the host is gone."""
        return self._next(_SERVING)

    def raw(self) -> dict[str, bytes]:
        """The arguments that followed the last call."""
        return self._raw

    def _next(self, mine: int) -> Any:
        while True:
            with self._turn:
                if self._heard[mine]:
                    return self._heard[mine].popleft()
                if self._is_read:
                    self._turn.wait()
                    continue
                self._is_read = True
            message = self._read_message()
            with self._turn:
                self._is_read = False
                whose = _ASKING if isinstance(message, Answer | Refused | NoWay) else _SERVING
                self._heard[whose].append(message)
                self._turn.notify_all()

    def _read_message(self) -> Any:
        frame, content = self._frame()
        if frame is not Frame.MESSAGE:  # which the host never sends by itself
            os._exit(0)
        message = parse_message(content)
        if isinstance(message, Call):
            self._raw = self._receive_bytes(message)
        return message

    def _receive_bytes(self, call: Call) -> dict[str, bytes]:
        received = {}
        for name, length in call.lengths.items():
            assert isinstance(length, int)
            content = bytearray()
            while len(content) < length:
                content += self._frame()[1]
            received[name] = bytes(content)
        return received

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """As ``stella.sdk.Connect``: the host connects, where it lets us."""
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

    def host(
        self, method: str, arguments: Mapping[str, Json], *, timeout_ms: int = 0
    ) -> Mapping[str, Json]:
        """What a method of the target's host returned, under the key ``value``."""
        with self._asking:
            asked = Ask(Door.HOST, method, timeout_ms=timeout_ms, arguments=arguments)
            return self._asked(asked).result

    def used(self, name: str, method: str, arguments: Mapping[str, Json]) -> Mapping[str, Json]:
        """What a method of the integration that an input names returned, under the key ``value``."""
        with self._asking:
            asked = Ask(Door.USED, name, arguments=arguments, method=method)
            return self._asked(asked).result

    def close(self) -> None:
        """The process that began this one keeps no end of the line."""
        with suppress(OSError):
            self._line.close()

    def _asked(self, ask: Ask) -> Answer:
        self.send(ask)
        match self._next(_ASKING):
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
