"""Bytes as they come, and git's lines in them (gitprotocol-common: pkt-line)."""

from collections.abc import Iterator
from enum import Enum

LINE_BYTES_MAX = 65_516
_LENGTHS = b"0123456789abcdefABCDEF"


class Garbled(Exception):
    """It is not what git sends. Never leaves the connector. Its text quotes nothing received."""


class TooMuch(Exception):
    """More came than is taken. Never leaves the connector."""


class Mark(Enum):
    """A line that is none, but ends something."""

    FLUSH = "0000"
    DELIM = "0001"
    END = "0002"


class Source:
    """Bytes from ``chunks``, at most ``bytes_max`` in all."""

    def __init__(self, chunks: Iterator[bytes], bytes_max: int) -> None:
        self._chunks = chunks
        self._left = bytes_max
        self._held = b""
        self.position = 0

    def some(self) -> bytes:
        """What is there, at least one byte. Raises Garbled at the end, TooMuch."""
        held = self._held or self._next()
        if not held:
            raise Garbled("it broke off")
        self._held = b""
        self.position += len(held)
        return held

    def put_back(self, rest: bytes) -> None:
        """Give back the end of what ``some`` gave."""
        self.position -= len(rest)
        self._held = rest + self._held

    def exactly(self, count: int) -> bytes:
        """That many bytes. Raises Garbled where fewer are left, TooMuch."""
        parts: list[bytes] = []
        missing = count
        while missing:
            taken = self.some()
            if len(taken) > missing:
                self.put_back(taken[missing:])
                taken = taken[:missing]
            parts.append(taken)
            missing -= len(taken)
        return b"".join(parts)

    def line(self) -> bytes | Mark:
        """The next line, without what ends it. Raises Garbled, TooMuch."""
        length = self.exactly(4)
        if any(one not in _LENGTHS for one in length):
            raise Garbled("a line has no length")
        size = int(length, 16)
        if size < 3:
            return (Mark.FLUSH, Mark.DELIM, Mark.END)[size]
        if size == 3 or size > LINE_BYTES_MAX + 4:
            raise Garbled("a line has no length that one may have")
        return self.exactly(size - 4)

    def _next(self) -> bytes:
        for chunk in self._chunks:
            if chunk:
                self._left -= len(chunk)
                if self._left < 0:
                    raise TooMuch
                return chunk
        return b""


def line_of(text: str) -> bytes:
    """One line as git wants it."""
    content = text.encode() + b"\n"
    return f"{len(content) + 4:04x}".encode() + content


FLUSH = b"0000"
DELIM = b"0001"


def side_band(source: Source) -> Iterator[bytes]:
    """The pack that comes in side-band lines, until the flush. Raises Garbled, TooMuch."""
    while True:
        line = source.line()
        if isinstance(line, Mark):
            return
        if line[:1] == b"\x01":
            yield line[1:]
        elif line[:1] == b"\x03":
            raise Garbled("it ended with an error of its own")
        elif line[:1] != b"\x02":
            raise Garbled("a line of the pack is of no channel")
