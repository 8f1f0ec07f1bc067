"""How a layer is compressed, told by how it begins: media types are what somebody claims."""

from enum import StrEnum

MAGIC_BYTES = 4
_GZIP = b"\x1f\x8b"
# RFC 8878: a frame, or (3.1.2) one of sixteen kinds of frames that hold nothing and may come first.
_ZSTD = frozenset(
    {b"\x28\xb5\x2f\xfd", *(bytes([0x50 + one, 0x2A, 0x4D, 0x18]) for one in range(16))}
)


class Compression(StrEnum):
    """What is read; the value is the ending of the layer's media type."""

    NONE = ""
    GZIP = "+gzip"
    ZSTD = "+zstd"


def compression_of(beginning: bytes) -> Compression:
    """Of a layer whose first ``MAGIC_BYTES`` bytes (or more) are ``beginning``."""
    if beginning.startswith(_GZIP):
        return Compression.GZIP
    return Compression.ZSTD if beginning[:MAGIC_BYTES] in _ZSTD else Compression.NONE
