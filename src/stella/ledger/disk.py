"""What is published: immutable files in a directory, written wholly or not at all; one writer at a time."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from stella.kernel import Remedy
from stella.ledger.errors import LedgerUnusable
from stella.ledger.tiles import no_such

CHECKPOINT = "checkpoint"


class Shelf(Protocol):
    """Where the published files lie."""

    def read(self, path: str) -> bytes:
        """The file. Raises NoSuchEntry, LedgerUnusable."""
        ...

    def put(self, files: Mapping[str, bytes]) -> None:
        """Keep them: each wholly or not at all, all of them when this returns. Raises LedgerUnusable."""
        ...

    def drop(self, paths: Iterable[str]) -> None:
        """Whole directories are needed no more; one that cannot be removed stays."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Whoever is in it writes alone."""
        ...


class Directory:
    """A directory that any number of processes may share."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, path: str) -> bytes:
        """See ``Shelf``."""
        try:
            return (self.directory / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise no_such(f"{path} in the ledger") from None
        except OSError as error:
            raise self._unusable(error) from error

    def put(self, files: Mapping[str, bytes]) -> None:
        """See ``Shelf``."""
        try:
            for path, content in files.items():
                self._write(self.directory / path, content)
            for parent in {(self.directory / path).parent for path in files}:
                _sync(parent)
        except OSError as error:
            raise self._unusable(error) from error

    def drop(self, paths: Iterable[str]) -> None:
        """See ``Shelf``."""
        for path in paths:
            shutil.rmtree(self.directory / path, ignore_errors=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See ``Shelf``. The system gives it back where a process dies."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, path: Path, content: bytes) -> None:
        made = [one for one in (path.parent, *path.parent.parents) if not one.exists()]
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for one in made:
            _sync(one.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _unusable(self, error: OSError) -> LedgerUnusable:
        return LedgerUnusable(
            f"the ledger's directory cannot be used: {error.strerror}",
            remedy=Remedy("Free space on that disk, or make it writable.", command="stella doctor"),
        )


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
