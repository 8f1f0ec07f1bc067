"""Where advisories and VEX come from: named documents that change."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """name: in the feed, its path. version: another one where its content is another."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class FeedChanges:
    """What is other than at ``cursor``. cursor: to be given the next time. removed: names."""

    cursor: str
    documents: tuple[FeedDocument, ...]
    removed: tuple[str, ...] = ()
    is_complete: bool = True


class Feed(Protocol):
    """One feed, in its own format. What it brings, ``content`` in its ``config`` says: ``advisories``, also
    where it says nothing, or ``vex``. All calls raise ``ServiceUnreachable``, ``ServiceRefused``.
    """

    def changes(self, cursor: str) -> FeedChanges:
        """Since ``cursor``; everything since an empty one. Asked again where it is not complete."""
        ...

    def document(self, name: str) -> AbstractContextManager[Iterator[bytes]]:
        """Its content as it lies there. Raises ``NotThere``; a broken one is no short one."""
        ...

    def check(self) -> str:
        """What it is, and how new, in a few words."""
        ...
