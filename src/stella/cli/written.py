"""Where a command's data goes: a file, or standard output."""

import sys
from pathlib import Path


def write(text: str | bytes, to: Path | None) -> None:
    """Put ``text`` into the file, or on standard output where there is none."""
    content = text.encode() if isinstance(text, str) else text
    if to is not None:
        to.write_bytes(content)
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
