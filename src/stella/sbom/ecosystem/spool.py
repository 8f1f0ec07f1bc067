"""A stream as an open file: in memory while it is small, on disk and without a name beyond that."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

_IN_MEMORY_BYTES_MAX = 8 * 1024 * 1024


@contextmanager
def opened(pieces: Iterator[bytes]) -> Iterator[BinaryIO]:
    """The content of ``pieces``, gone when the block ends. The caller has bounded it."""
    import tempfile  # late: most layers hold no archive

    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES_MAX) as file:
        for piece in pieces:
            file.write(piece)
        file.seek(0)
        yield cast("BinaryIO", file)
