"""A log of the tests' own, and a disk and a database that break where they are told to."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from stella.ledger import Directory, Log, LogKeys
from stella.ledger.disk import Shelf
from stella.ledger.store import Heads
from stella.ledger.tiles import no_such
from stella.trust import Algorithm, new_signer
from stella.trust.transparency.note import LogKey

KEYS = LogKeys("ledger.example", new_signer(), new_signer(Algorithm.ED25519))
VERIFIERS = tuple(LogKey(KEYS.name, one.public) for one in (KEYS.main, KEYS.note))


class Broke(Exception):
    """The process ended here."""


@dataclass
class Fuse:
    """Ends the process at the n-th durable write, before or after it took effect."""

    at: int = -1
    is_stored: bool = False
    writes: int = 0

    def write(self, do: object) -> None:
        self.writes += 1
        breaks = self.writes - 1 == self.at
        if breaks and not self.is_stored:
            raise Broke
        do()  # type: ignore[operator]
        if breaks:
            raise Broke


@dataclass
class Memory:
    """A disk: what is on it outlives the process."""

    files: dict[str, bytes] = field(default_factory=dict)
    fuse: Fuse = field(default_factory=Fuse)

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise no_such(path)
        return self.files[path]

    def put(self, files: Mapping[str, bytes]) -> None:
        for path, content in files.items():
            self.fuse.write(lambda path=path, content=content: self.files.update({path: content}))

    def drop(self, paths: Iterable[str]) -> None:
        gone = tuple(f"{path}/" for path in paths)
        for path in [one for one in self.files if one.startswith(gone)]:
            del self.files[path]

    @contextmanager
    def lock(self) -> Iterator[None]:
        yield


@dataclass
class Remembered:
    """A database, the same."""

    note: str | None = None
    fuse: Fuse = field(default_factory=Fuse)

    def last(self) -> str | None:
        return self.note

    def others(self) -> tuple[str, ...]:
        return ()

    def replace(self, old: str | None, new: str) -> bool:
        if self.note != old:
            return False
        self.fuse.write(lambda: setattr(self, "note", new))
        return True


def log_on(shelf: Shelf, heads: Heads) -> Log:
    return Log(shelf, heads, KEYS)


def entries(first: int, count: int) -> list[bytes]:
    return [b"entry %d" % (first + one) for one in range(count)]


__all__ = [
    "KEYS",
    "VERIFIERS",
    "Broke",
    "Directory",
    "Fuse",
    "Memory",
    "Remembered",
    "entries",
    "log_on",
]
