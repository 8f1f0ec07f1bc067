"""Fetching goes on while what was fetched is unpacked."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Of a megabyte each from a registry: what a slow reader may make us hold.
_CHUNKS_MAX = 4
_LOOK_S = 0.05


@contextmanager
def ahead(chunks: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
    """``chunks``, taken in a thread of their own, a few before they are asked for.

    What taking them raises is raised where they are read. The thread has ended when the block has.
    """
    fetched: queue.Queue[bytes | BaseException | None] = queue.Queue(_CHUNKS_MAX)
    is_over = threading.Event()

    def fetch() -> None:
        try:
            for chunk in chunks:
                fetched.put(chunk)
                if is_over.is_set():
                    return
            fetched.put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised again, by who reads
            fetched.put(error)

    thread = threading.Thread(target=fetch, name="fetching", daemon=True)
    thread.start()
    try:
        yield _read(fetched)
    finally:
        is_over.set()
        while thread.is_alive():
            try:
                fetched.get(timeout=_LOOK_S)  # makes room, in case it waits for some
            except queue.Empty:
                continue
        thread.join()


def _read(fetched: "queue.Queue[bytes | BaseException | None]") -> Iterator[bytes]:
    while (one := fetched.get()) is not None:
        if isinstance(one, BaseException):
            raise one
        yield one
