"""Git's protocol, version 2 (gitprotocol-v2): which references there are, and packs of what is wanted.

A server is never asked for more than is needed: single commits, single trees, or what one commit has
and another has not, without trees and files where the server can leave them out (``filter``).
"""

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from stella.sdk import NotSupported, NotThere, ServiceRefused, ServiceUnreachable
from stella_connectors.git.pack import PackReader, Shape, Stored
from stella_connectors.git.source import (
    DELIM,
    FLUSH,
    Garbled,
    Mark,
    Source,
    TooMuch,
    line_of,
    side_band,
)

PACK_BYTES_MAX = 48 * 1024 * 1024
ANSWER_BYTES_MAX = 8 * 1024 * 1024
_LINES_MAX = 100_000
_REFERENCES_MAX = 10_000
NO_TREES = "tree:0"


class Line(Protocol):
    """An open way to one repository's ``git upload-pack``."""

    def advertised(self) -> Iterator[bytes]:
        """What it says of itself, first of all."""
        ...

    def ask(self, request: bytes) -> AbstractContextManager[Iterator[bytes]]:
        """What it answers."""
        ...


class Transport(Protocol):
    """HTTP or SSH, and how it says no."""

    host: str

    def line(self, repository: str) -> AbstractContextManager[Line]:
        """Raises ServiceUnreachable, ServiceRefused, NotThere; so does what it gives."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...

    def check(self) -> str:
        """Who we are there. Raises ServiceUnreachable, ServiceRefused."""
        ...

    def unreachable(self, why: str, advice: str = "") -> ServiceUnreachable:
        """No usable answer."""
        ...

    def refused(self, why: str, advice: str) -> ServiceRefused:
        """We are not let in, or not to that."""
        ...

    def not_there(self, what: str) -> NotThere:
        """There is no such thing."""
        ...

    def not_supported(self, what: str) -> NotSupported:
        """It cannot do that."""
        ...


class Talk:
    """With one repository, over an open line. Raises Garbled, TooMuch, and what the line raises."""

    def __init__(self, transport: Transport, line: Line) -> None:
        self._transport = transport
        self._line = line
        self._can_filter = False
        self.algorithm = "sha1"
        self._greet()

    def references(self, *prefixes: str) -> dict[str, str]:
        """Full name -> the id of the commit that it leads to (a tag's own object left behind)."""
        request = [line_of("command=ls-refs"), line_of(f"object-format={self.algorithm}"), DELIM]
        request += [line_of("peel"), *(line_of(f"ref-prefix {one}") for one in prefixes), FLUSH]
        found: dict[str, str] = {}
        with self._line.ask(b"".join(request)) as chunks:
            for line in _lines(Source(chunks, ANSWER_BYTES_MAX)):
                self._refuse_error(line)
                name, *more = line.decode("utf-8", "replace").rstrip("\n").split(" ")[1:]
                peeled = [one[7:] for one in more if one.startswith("peeled:")]
                found[name] = (
                    peeled[0] if peeled else line.split(b" ")[0].decode("ascii", "replace")
                )
                if len(found) > _REFERENCES_MAX:
                    raise TooMuch
        return found

    def fetch(
        self,
        *wants: str,
        haves: tuple[str, ...] = (),
        is_single: bool,
        kept: frozenset[Shape],
        leave_out: str = NO_TREES,
    ) -> Generator[Stored, None, None]:
        """The objects of a pack as they come; the caller may stop, closing what this gives.

        is_single: the wanted commits alone, not those before them. leave_out: git's filter.
        """
        request = [line_of("command=fetch"), line_of(f"object-format={self.algorithm}"), DELIM]
        request += [line_of("ofs-delta"), line_of("no-progress")]
        if is_single:
            request.append(line_of("deepen 1"))
        if self._can_filter:
            request.append(line_of(f"filter {leave_out}"))
        request += [line_of(f"want {one}") for one in wants]
        request += [line_of(f"have {one}") for one in haves]
        request += [line_of("done"), FLUSH]
        with self._line.ask(b"".join(request)) as chunks:
            source = Source(chunks, PACK_BYTES_MAX)
            self._to_pack(source)
            inner = Source(side_band(source), PACK_BYTES_MAX)
            yield from PackReader(inner, self.algorithm, kept).objects()

    def _greet(self) -> None:
        source = Source(self._line.advertised(), ANSWER_BYTES_MAX)
        line = source.line()
        if isinstance(line, bytes) and line.startswith(b"# service="):
            if source.line() is not Mark.FLUSH:
                raise Garbled("it does not greet as git does")
            line = source.line()
        if isinstance(line, Mark):
            raise Garbled("it does not greet as git does")
        self._refuse_error(line)
        if line.rstrip(b"\n") != b"version 2":
            raise self._transport.not_supported(
                "version 2 of git's protocol (over SSH, let sshd have AcceptEnv GIT_PROTOCOL)"
            )
        for told in _lines(source):
            key, _, value = told.rstrip(b"\n").decode("ascii", "replace").partition("=")
            if key == "fetch":
                self._can_filter = "filter" in value.split(" ")
            elif key == "object-format":
                if value not in {"sha1", "sha256"}:
                    raise Garbled("its ids are of no known kind")
                self.algorithm = value

    def _to_pack(self, source: Source) -> None:
        """Read on to where the pack begins."""
        for _ in range(_LINES_MAX):
            line = source.line()
            if isinstance(line, bytes):
                self._refuse_error(line)
                if line.rstrip(b"\n") == b"packfile":
                    return
            elif line is not Mark.DELIM:
                break
        raise Garbled("it sends no pack")

    def _refuse_error(self, line: bytes) -> None:
        if not line.startswith(b"ERR "):
            return
        if b"not our ref" in line or b"not a valid" in line:
            raise self._transport.not_there("such commit")
        if b"not found" in line or b"does not appear to be" in line or b"not exist" in line:
            raise self._transport.not_there("such repository")
        raise self._transport.refused(
            "it ends with an error of its own", "See in its own log which."
        )


def _lines(source: Source) -> Iterator[bytes]:
    """The lines up to a flush."""
    for _ in range(_LINES_MAX):
        line = source.line()
        if isinstance(line, Mark):
            return
        yield line
    raise TooMuch
