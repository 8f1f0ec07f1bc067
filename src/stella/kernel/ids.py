"""Ids: a type prefix and a ULID, such as ``rel_01J9Z3K7Q8R2V5X0N4M6T1C3BD``."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from stella.kernel.errors import Remedy, StellaError

NewId: TypeAlias = Callable[[str], str]
"""Prefix -> a fresh id. Handed in from outside: rooms make no randomness."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, https://github.com/ulid/spec
_ID = re.compile(r"[a-z]{2,12}_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")


class MalformedId(StellaError):
    """Text that should be a Stella id is not."""

    code = "ST-KER-004"


def ulid(at: datetime, randomness: bytes) -> str:
    """26 characters: 48 bits of milliseconds since the epoch, then the 80 bits of ``randomness``."""
    assert len(randomness) == 10, len(randomness)
    number = (int(at.timestamp() * 1000) << 80) | int.from_bytes(randomness)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -5, -5))


def id_maker(now: Callable[[], datetime], randomness: Callable[[int], bytes]) -> NewId:
    """A source of ids from a clock and a source of bytes (``os.urandom``, or a seeded one)."""
    return lambda prefix: f"{prefix}_{ulid(now(), randomness(10))}"


def checked_id(text: str, prefix: str) -> str:
    """``text`` if it is an id of that kind.

    Raises MalformedId otherwise.
    """
    if not _ID.match(text) or not text.startswith(f"{prefix}_"):
        raise MalformedId(
            f"not an id of the kind {prefix}_...: {text[:60]!r}",
            remedy=Remedy("Copy the id as the server printed it."),
            prefix=prefix,
        )
    return text
