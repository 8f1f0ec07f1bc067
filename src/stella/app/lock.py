"""One server on one data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stella.app.errors import DataInUse
from stella.app.keys import data_unusable
from stella.kernel import Remedy


@contextmanager
def server_lock(data: Path) -> Iterator[None]:
    """Hold the directory. The kernel gives it back however this process ends. Raises DataInUse."""
    path = data / "server.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise data_unusable(data, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode(errors="replace").strip()
            raise DataInUse(
                f"a server runs on {data} already (process {holder or 'unknown'})",
                remedy=Remedy("Use that one, stop it first, or set another data_directory."),
                directory=data,
                process=holder,
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
