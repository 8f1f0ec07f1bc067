"""Where big bytes lie, by key."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """size: in bytes. modified_at: as the store says it."""

    key: str
    size: int
    modified_at: datetime


class ObjectStore(Protocol):
    """One bucket, or one directory. Keys are ``/``-separated, without ``..`` or empty parts, at most
    512 characters of ``A-Z a-z 0-9 . _ - /``.

    All calls raise ``ServiceUnreachable``, ``ServiceRefused``.
    """

    def put(self, key: str, content: bytes) -> None:
        """Store; whole or not at all. What was there is replaced."""
        ...

    def put_new(self, key: str, content: bytes) -> bool:
        """The same, where nothing is there; False where something is, which stays."""
        ...

    def get(self, key: str) -> AbstractContextManager[Iterator[bytes]]:
        """As chunks. Raises ``NotThere``, and ``ServiceUnreachable`` where it breaks off."""
        ...

    def stat(self, key: str) -> StoredObject | None:
        """What is known of it; None where there is none."""
        ...

    def list(self, prefix: str, after: str, limit: int) -> tuple[StoredObject, ...]:
        """By key, those after ``after``, at most ``limit`` (1 to 1,000)."""
        ...

    def delete(self, key: str) -> None:
        """Remove; one that is not there is no refusal."""
        ...

    def check(self) -> str:
        """Who we are there, in a few words."""
        ...
