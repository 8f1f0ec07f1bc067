"""The compressions that layers come in: one member of gzip, or one frame of zstd, at a time."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, TypeAlias

from stella.image.compression import Compression
from stella.sbom.refusals import broken, too_large

PIECE_BYTES = 512 * 1024
_GZIP_WINDOW = 31
# What zstd itself takes without being asked for more, 128 MiB; each reader holds one such window.
_ZSTD_WINDOW_LOG_MAX = 27


class Member(Protocol):
    """One member. padding: bytes that may follow the last one."""

    kind: ClassVar[str]
    padding: ClassVar[bytes]

    @property
    def is_over(self) -> bool:
        """Whether its end was read."""
        ...

    @property
    def wants_more(self) -> bool:
        """Whether nothing comes out of it any more without more bytes."""
        ...

    def unpack(self, data: bytes) -> tuple[bytes, bytes]:
        """At most ``PIECE_BYTES`` plain bytes, and what of ``data`` is to be given again.

        Raises BrokenLayer, LayerTooLarge.
        """
        ...


class _GzipMember:
    kind: ClassVar[str] = "gzip"
    padding: ClassVar[bytes] = b"\0"  # zeros after the last one, as gzip(1) takes them
    wants_more = True

    def __init__(self) -> None:
        from isal import isal_zlib  # late, as the other: a layer has one of them

        self._error = isal_zlib.error
        self._engine: Any = isal_zlib.decompressobj(_GZIP_WINDOW)

    @property
    def is_over(self) -> bool:
        return bool(self._engine.eof)

    def unpack(self, data: bytes) -> tuple[bytes, bytes]:
        engine = self._engine
        try:
            piece: bytes = engine.decompress(data, PIECE_BYTES)
        except self._error as error:  # type: ignore[misc]  # a class, whatever isal's stub says
            raise broken(f"its gzip stream is damaged: {error}") from None
        return piece, engine.unused_data if engine.eof else engine.unconsumed_tail


class _ZstdFrame:
    kind: ClassVar[str] = "zstd"
    padding: ClassVar[bytes] = b""

    def __init__(self) -> None:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd

        self._error = zstd.ZstdError
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG_MAX}
        self._engine = zstd.ZstdDecompressor(options=options)

    @property
    def is_over(self) -> bool:
        return self._engine.eof

    @property
    def wants_more(self) -> bool:
        return self._engine.needs_input

    def unpack(self, data: bytes) -> tuple[bytes, bytes]:
        try:
            piece = self._engine.decompress(data, PIECE_BYTES)
        except self._error as error:
            if "too much memory" in str(error):
                raise too_large("the layer's zstd window is larger than 128 MiB") from None
            raise broken(f"its zstd stream is damaged: {error}") from None
        # What it was given and did not need yet it keeps itself.
        return piece, self._engine.unused_data if self._engine.eof else b""


OpenMember: TypeAlias = Callable[[], Member]

MEMBERS: Mapping[Compression, OpenMember] = {
    Compression.GZIP: _GzipMember,
    Compression.ZSTD: _ZstdFrame,
}
"""What each compression is unpacked with."""
