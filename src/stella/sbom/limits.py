"""How much of a hostile input is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one layer. What exceeds the first group is refused; the second becomes ``Partial``.

    ratio_max: plain bytes for one compressed byte, judged beyond ``ratio_from_bytes``: real layers
        stay under 30, deflate's own bound is 1032, zstd has none. members_max: of gzip, frames of zstd.
    """

    plain_bytes_max: int = 64 * 1024**3
    ratio_max: int = 250
    ratio_from_bytes: int = 128 * 1024**2
    members_max: int = 1_000_000
    entries_max: int = 3_000_000
    header_bytes_max: int = 1024 * 1024

    file_bytes_max: int = 32 * 1024**2
    archive_bytes_max: int = 1024**3
    packages_max: int = 200_000
    marks_max: int = 500_000
    secrets_max: int = 1000
    privileged_max: int = 1000
    searched_bytes_max: int = 256 * 1024**2
    path_characters_max: int = 4096


DEFAULT_LIMITS = Limits()
