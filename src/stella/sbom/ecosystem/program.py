"""Programs that say what they were built from, read as a stream: nothing of the file is kept but that.

Section headers lie at the end of a file and could be anywhere beyond what may be held, so each note is
found by how it begins, in one pass, whatever the file's size.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from stella.sbom.ecosystem import golang, rust, signature
from stella.sbom.ecosystem.elf import LinkReader
from stella.sbom.ecosystem.go_functions import FunctionTables
from stella.sbom.facts import LanguagePackages

BYTES_MIN = 256 * 1024
"""Smaller programs are no Go or Rust ones that anybody notes something in."""

_ELF_MAGIC = b"\x7fELF"
_HEAD_BYTES = 4096
_AHEAD_BYTES = 1024  # what a judgement on a place may look at
_CAPTURE_BYTES_MAX = 4 * 1024 * 1024
_CAPTURES_MAX = 8
_VERSION_PLACES_MAX = 4096

_NEVER = (
    *("usr/share/", "usr/include/", "usr/src/", "usr/lib/python3/", "usr/lib/modules/", "etc/"),
    *("var/lib/dpkg/", "var/lib/apt/", "var/cache/", "lib/modules/", "proc/", "sys/", "dev/"),
    "boot/",
)
_NO_PROGRAM = frozenset(
    {
        *(".py", ".pyc", ".pl", ".pm", ".rb", ".js", ".ts", ".json", ".txt", ".md", ".html", ".h"),
        *(".c", ".gz", ".xz", ".zip", ".jar", ".so", ".a", ".o", ".conf", ".sh", ".mo", ".css"),
    }
)


def may_be_program(path: str, name: str) -> bool:
    """Whether a program may have this path. Shared libraries are none: only those signed by name."""
    if path.startswith(_NEVER):
        return False
    dot = name.rfind(".")
    if dot >= 0 and (name[dot:] in _NO_PROGRAM or ".so." in name):
        return signature.rule_of(name) is not None
    return True


def read_program(
    name: str, pieces: Iterator[bytes], links: LinkReader | None = None
) -> LanguagePackages | None:
    """What the program says of itself; None for no ELF file and for one that says nothing.

    links: given the same bytes. pieces: the file's content. Where it is no ELF file no more than its
    beginning is taken.
    """
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= len(_ELF_MAGIC):
            break
    if not head.startswith(_ELF_MAGIC):
        return None
    search = _Search(signature.rule_of(name))
    links = links or LinkReader()
    links.feed(head)
    search.feed(head)
    for piece in pieces:
        links.feed(piece)
        search.feed(piece)
    return search.end()


@dataclass(slots=True)
class _Capture:
    """What follows a place: ``left`` bytes are still wanted."""

    at: int
    left: int
    parts: list[bytes] = field(default_factory=list)

    def take(self, piece: bytes) -> None:
        if self.left > 0:
            self.parts.append(piece[: self.left])
            self.left -= len(piece)

    def content(self) -> bytes:
        return b"".join(self.parts)


class _Search:
    """One pass over one file. Places are offsets in the file."""

    def __init__(self, rule: signature.Rule | None) -> None:
        self._rule = rule
        self._signed = ""
        self._buffer = b""
        self._at = 0  # of the buffer's first byte
        self._head = b""
        self._captures: dict[str, list[_Capture]] = {"notes": [], "modules": [], "rust": []}
        self._strings: dict[int, _Capture] = {}
        self._versions: dict[int, bytes] = {}
        self._is_go = False
        self._is_done = False  # what is wanted lies in a capture
        self._functions = FunctionTables()
        self._modules = ""

    def feed(self, piece: bytes) -> None:
        """The next bytes of the file."""
        self._functions.feed(piece)
        if len(self._head) < _HEAD_BYTES:
            self._head += piece[: _HEAD_BYTES - len(self._head)]
            self._is_go = golang.NOTE_NAME in self._head
        for capture in self._open():
            capture.take(piece)
        for at, capture in self._strings.items():
            if not capture.parts and at >= self._at + len(self._buffer):
                self._begin_string(capture, piece)
        self._buffer += piece
        if self._is_done:
            self._at, self._buffer = self._at + len(self._buffer), b""
            return
        self._look(len(self._buffer) - _AHEAD_BYTES)

    def end(self) -> LanguagePackages | None:
        """What was found, once every byte was fed."""
        self._look(len(self._buffer))
        found = self._go()
        if found is not None:
            return msgspec.structs.replace(
                found, functions=golang.linked(self._functions.end(), self._modules)
            )
        found = self._rust()
        if found is None and self._rule and self._signed:
            return LanguagePackages((self._rule.package(self._signed),))
        return found

    def _open(self) -> Iterator[_Capture]:
        for kind in self._captures.values():
            yield from kind
        yield from (one for one in self._strings.values() if one.parts)

    def _begin_string(self, capture: _Capture, piece: bytes) -> None:
        start = capture.at - self._at - len(self._buffer)
        if start < len(piece):
            capture.take(piece[start:])

    def _look(self, end: int) -> None:
        """Judge every place before ``end`` in the buffer, and let go of what lies before it."""
        if end <= 0:
            return
        buffer = self._buffer
        self._look_for_go(buffer, end)
        if not self._is_go and not self._captures["rust"]:
            for at in _places(buffer, rust.ZLIB_BEGIN, end):
                if rust.is_dependency_list(buffer[at : at + _AHEAD_BYTES]):
                    self._capture("rust", at)
        if self._rule and not self._signed:
            self._signed = self._rule.version_in(buffer)
        self._buffer = buffer[end:]
        self._at += end

    def _look_for_go(self, buffer: bytes, end: int) -> None:
        for at in _places(buffer, golang.NOTE_MAGIC, end):
            if (self._at + at) % 16 == 0 and self._capture("notes", at):
                self._want_version(buffer[at : at + 32])
                self._is_done |= golang.is_inline_note(buffer[at : at + _AHEAD_BYTES])
        if not self._is_go:
            return  # only the form before 1.18 needs more, and its linker's note is at the start
        for at in _places(buffer, golang.MODULES_BEGIN, end):
            self._capture("modules", at)
        for at in _places(buffer, golang.VERSION_BEGIN, end):
            if len(self._versions) < _VERSION_PLACES_MAX:
                self._versions[self._at + at] = buffer[at : at + 64]

    def _capture(self, kind: str, at: int) -> bool:
        if len(self._captures[kind]) >= _CAPTURES_MAX:
            return False
        capture = _Capture(self._at + at, _CAPTURE_BYTES_MAX)
        capture.take(self._buffer[at:])
        self._captures[kind].append(capture)
        return True

    def _want_version(self, note: bytes) -> None:
        """Before Go 1.18 the note points at a string, which lies somewhere after it."""
        place = golang.version_string_at(self._head, note)
        if place is None:
            return
        capture = self._strings.setdefault(place, _Capture(place, 16))
        if self._at <= place < self._at + len(self._buffer):
            capture.take(self._buffer[place - self._at :])

    def _go(self) -> LanguagePackages | None:
        if not self._captures["notes"]:
            return None
        for capture in self._captures["notes"]:
            content = capture.content()
            inline = golang.inline_note(content)
            if inline is not None:
                self._modules = inline[1]
                return golang.packages_of(*inline)
        modules = ""
        for capture in self._captures["modules"]:
            modules = modules or golang.module_text(capture.content())
        version = ""
        for capture in self._strings.values():
            place, length = golang.string_at(self._head, capture.content())
            if place in self._versions:
                version = self._versions[place][:length].decode("utf-8", "replace")
        self._modules = modules
        return golang.packages_of(version, modules) if modules or version else None

    def _rust(self) -> LanguagePackages | None:
        for capture in self._captures["rust"]:
            return rust.packages_of(capture.content())
        return None


def _places(buffer: bytes, needle: bytes, end: int) -> Iterator[int]:
    """Where ``needle`` begins, before ``end``."""
    at = buffer.find(needle)
    while 0 <= at < end:
        yield at
        at = buffer.find(needle, at + 1)
