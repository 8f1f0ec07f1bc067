"""Compressed layer -> plain bytes, hashing both sides on the way, bounded against bombs."""

import hashlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Self

from stella.image.compression import MAGIC_BYTES, compression_of
from stella.kernel import Digest
from stella.sbom.limits import Limits
from stella.sbom.refusals import broken, too_large
from stella.sbom.unpack import MEMBERS, OpenMember

# What is left after a member is copied: small slices keep a file of tiny members linear.
_SLICE_BYTES = 64 * 1024
_PIECES_WAITING_MAX = 16


class PlainLayer:
    """The plain bytes of one layer, as an iterator; the digests are complete once it is exhausted.

    A context: hashing goes on beside the unpacking, in a thread that ends with it.
    """

    def __init__(self, chunks: Iterable[bytes], limits: Limits) -> None:
        self._chunks = iter(chunks)
        self._limits = limits
        self._hashing = _Hashing()
        self.compressed_bytes = 0
        self.plain_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hashing.end()

    @property
    def digest(self) -> Digest:
        """Of the compressed bytes, once every one was read."""
        self._hashing.end()
        return Digest(f"sha256:{self._hashing.compressed.hexdigest()}")

    @property
    def diff_id(self) -> Digest:
        """Of the plain bytes, once every one was read."""
        self._hashing.end()
        return Digest(f"sha256:{self._hashing.plain.hexdigest()}")

    def __iter__(self) -> Iterator[bytes]:
        incoming = self._incoming()
        first = _beginning(incoming)
        open_member = MEMBERS.get(compression_of(first))
        if open_member is not None:
            yield from self._unpacked(open_member, _chain(first, incoming))
        else:
            for piece in _chain(first, incoming):
                yield self._counted(piece)

    def _incoming(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._hashing.add(self._hashing.compressed, chunk)
            self.compressed_bytes += len(chunk)
            if chunk:
                yield chunk

    def _unpacked(self, open_member: OpenMember, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The plain bytes of all members, one after the other."""
        member = open_member()
        kind, members = member.kind, 1
        for slice_ in _sliced(chunks):
            data = slice_
            while data or not member.wants_more:
                if member.is_over:
                    data = data.lstrip(member.padding)
                    if not data:
                        break
                    members += 1
                    if members > self._limits.members_max:
                        raise broken(f"more than {self._limits.members_max} members of {kind}")
                    member = open_member()
                piece, data = member.unpack(data)
                if piece:
                    yield self._counted(piece)
        while not member.is_over:
            piece, _ = member.unpack(b"")
            if not piece:
                raise broken(f"its {kind} stream is cut off")
            yield self._counted(piece)

    def _counted(self, piece: bytes) -> bytes:
        self._hashing.add(self._hashing.plain, piece)
        self.plain_bytes += len(piece)
        limits = self._limits
        is_bomb = (
            self.plain_bytes > limits.ratio_from_bytes
            and self.plain_bytes > limits.ratio_max * self.compressed_bytes
        )
        if is_bomb or self.plain_bytes > limits.plain_bytes_max:
            raise too_large(
                f"the layer unpacks to more than {self.plain_bytes} bytes from "
                f"{self.compressed_bytes} compressed ones: a decompression bomb or too large",
                plain_bytes=self.plain_bytes,
                compressed_bytes=self.compressed_bytes,
            )
        return piece


class _Hashing:
    """Both digests, made in a thread of their own: unpacking and hashing take about as long."""

    def __init__(self) -> None:
        self.compressed = hashlib.sha256()
        self.plain = hashlib.sha256()
        # Bounded, or a slow core would collect a whole layer in memory.
        self._waiting: queue.Queue[tuple[Any, bytes] | None] = queue.Queue(_PIECES_WAITING_MAX)
        self._thread = threading.Thread(target=self._work, name="hashing", daemon=True)
        self._thread.start()

    def add(self, hasher: Any, piece: bytes) -> None:
        """The next bytes of one of the two."""
        self._waiting.put((hasher, piece))

    def end(self) -> None:
        """Return once everything added is in; nothing is added any more."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _work(self) -> None:
        while (given := self._waiting.get()) is not None:
            hasher, piece = given
            hasher.update(piece)


def _beginning(chunks: Iterator[bytes]) -> bytes:
    """The first chunks, as many as it takes to tell how they are compressed."""
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= MAGIC_BYTES:
            break
    return first


def _sliced(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), _SLICE_BYTES):
            yield chunk[at : at + _SLICE_BYTES]


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
