"""Compressed layer -> plain bytes, hashing both sides on the way, bounded against bombs."""

import hashlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Self

from isal import isal_zlib

from stella.kernel import Digest, Remedy
from stella.sbom.errors import BrokenLayer, LayerTooLarge, UnsupportedLayer
from stella.sbom.limits import Limits

_PIECE_BYTES = 512 * 1024
# What is left after a gzip member is copied: small slices keep a file of tiny members linear.
_SLICE_BYTES = 64 * 1024
_PIECES_WAITING_MAX = 16
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_WINDOW = 31


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
        first = next(self._incoming(), b"")
        if first.startswith(_ZSTD_MAGIC):
            raise UnsupportedLayer(
                "the layer is compressed with zstd, which is not read yet",
                remedy=Remedy("Push the image with gzip layers (buildx: compression=gzip)."),
                compression="zstd",
            )
        if first.startswith(_GZIP_MAGIC):
            yield from self._gunzipped(first)
        else:
            for piece in _chain(first, self._incoming()):
                yield self._counted(piece)

    def _incoming(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._hashing.add(self._hashing.compressed, chunk)
            self.compressed_bytes += len(chunk)
            if chunk:
                yield chunk

    def _gunzipped(self, first: bytes) -> Iterator[bytes]:
        engine = isal_zlib.decompressobj(_GZIP_WINDOW)
        members = 1
        for piece_in in _sliced(_chain(first, self._incoming())):
            data = piece_in
            while data:
                if engine.eof:
                    # Members follow each other; zeros after the last one are padding, as in gzip(1).
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    members += 1
                    if members > self._limits.gzip_members_max:
                        raise broken(f"more than {self._limits.gzip_members_max} gzip members")
                    engine = isal_zlib.decompressobj(_GZIP_WINDOW)
                piece = _inflated(engine, data)
                data = engine.unused_data if engine.eof else engine.unconsumed_tail
                if piece:
                    yield self._counted(piece)
        while not engine.eof:
            piece = _inflated(engine, b"")
            if not piece:
                raise broken("its gzip stream is cut off")
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
            raise LayerTooLarge(
                f"the layer unpacks to more than {self.plain_bytes} bytes from "
                f"{self.compressed_bytes} compressed ones: a decompression bomb or too large",
                remedy=Remedy("Do not run this image; if the layer is right, split it."),
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


def broken(why: str) -> BrokenLayer:
    """The refusal of a layer that cannot be read as it is."""
    return BrokenLayer(
        f"the layer is broken: {why}",
        remedy=Remedy("Do not run this image: pull and push it again from a good source."),
        why=why,
    )


def _inflated(engine: Any, data: bytes) -> bytes:
    try:
        piece: bytes = engine.decompress(data, _PIECE_BYTES)
    except isal_zlib.error as error:  # type: ignore[misc]  # a class, whatever isal's stub says
        raise broken(f"its gzip stream is damaged: {error}") from None
    return piece


def _sliced(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), _SLICE_BYTES):
            yield chunk[at : at + _SLICE_BYTES]


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
