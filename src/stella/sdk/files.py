"""Files that are whole or not there, and survive a lost power supply."""

import os
import re
from pathlib import Path

from stella.kernel import Fault, Remedy, StellaError
from stella.plugin.refusals import UnsafeName

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}\Z")


class FileNotWritten(StellaError):
    """A file of the agent or of a project cannot be written there: the disk is full, mostly."""

    code = "ST-TGT-017"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class ProjectFiles:
    """The state directory of one project on a host.

    Raises UnsafeName for what lies outside, FileNotWritten where the disk takes nothing more.
    """

    def __init__(self, projects: Path, project: str) -> None:
        self.directory = projects / checked_name(project)
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise _not_written(self.directory, error) from error

    def write(self, name: str, content: bytes) -> str:
        """Place a file, whole or not at all; its absolute path."""
        path = self.directory / checked_name(name)
        write_file(path, content)
        return str(path)

    def read(self, name: str) -> bytes | None:
        """A file's content, or None."""
        try:
            return (self.directory / checked_name(name)).read_bytes()
        except FileNotFoundError:
            return None


def checked_name(name: str) -> str:
    """``name`` where it names something directly in a directory. Raises UnsafeName."""
    if not _NAME.match(name):
        raise UnsafeName(
            f"{name[:60]!r} names nothing in the project's own directory",
            remedy=Remedy("Use letters, digits, dots and dashes, without a path."),
            name=name,
        )
    return name


def write_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace ``path`` by ``content`` in one step. Raises FileNotWritten; what was there stays then."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> FileNotWritten:
    return FileNotWritten(
        f"{path} cannot be written: {error.strerror}",
        remedy=Remedy("Free space on that disk, or let this user write there; then try again."),
        path=str(path),
    )


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
