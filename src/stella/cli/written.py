"""What a command reads and writes: files, or standard output."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from stella.cli.errors import UnknownOutput, UnreadableFile, UnwritableOutput
from stella.kernel import Remedy


def write(text: str | bytes, to: Path | None) -> None:
    """Put ``text`` into the file, or on standard output where there is none.

    Raises UnwritableOutput.
    """
    content = text.encode() if isinstance(text, str) else text
    if to is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    was_there = to.exists()
    try:
        to.write_bytes(content)
    except OSError as error:
        if not was_there:  # half of it would be taken for the whole
            with suppress(OSError):
                to.unlink(missing_ok=True)
        raise unwritable(to, error) from None


def read(path: Path) -> bytes:
    """The file's content. Raises UnreadableFile."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None


def unwritable(path: Path, error: OSError) -> UnwritableOutput:
    """The refusal where a file cannot be written."""
    return UnwritableOutput(
        f"{path} cannot be written: {error.strerror}",
        remedy=Remedy("Name a file in a directory that exists and has room."),
        path=str(path),
    )


def unreadable(path: Path, error: OSError) -> UnreadableFile:
    """The refusal where a file cannot be read."""
    return UnreadableFile(
        f"{path} cannot be read: {error.strerror}",
        remedy=Remedy("Check the path."),
        path=str(path),
    )


def checked_output(output: str, known: Sequence[str]) -> str:
    """``output`` if the command has that format. Raises UnknownOutput."""
    if output in known:
        return output
    raise UnknownOutput(
        f"no output format {output!r} here", remedy=Remedy(f"Use {', '.join(known)}.")
    )
