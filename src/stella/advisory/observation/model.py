"""Frozen values of observations."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_DOCUMENT_CHARACTERS_MAX = 300


@dataclass(frozen=True, slots=True, order=True)
class Observation:
    """One revision of one document, as it came.

    document: its name in the feed, a relative path. revision: 1, 2, ... digest: of its bytes, hex of
    SHA-256. size: bytes. items: records and the like that were read from it. fetched_at: ISO 8601.
    """

    feed: str
    document: str
    revision: int
    version: str
    digest: str
    size: int
    items: int
    fetched_at: str


@dataclass(frozen=True, slots=True)
class FeedState:
    """Where one feed stands. checked_at: when it was asked last with success, ISO 8601 in UTC."""

    name: str
    cursor: str
    checked_at: str
    documents: int
    items: int


@dataclass(frozen=True, slots=True)
class Bringing:
    """A document that was brought and checked, and waits to be kept."""

    document: str
    version: str
    digest: str
    size: int
    items: int
    fetched_at: str


@dataclass(frozen=True, slots=True)
class FeedChange:
    """What becomes of one feed. removed: documents that count no more. checked_at: ISO 8601 in UTC."""

    feed: str
    brought: tuple[Bringing, ...]
    removed: tuple[str, ...]
    cursor: str
    checked_at: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What a sync does just now. received: bytes of the document so far; is_kept: from an earlier try."""

    feed: str
    document: str
    received: int
    is_whole: bool = False
    is_kept: bool = False


Tell = Callable[[Progress], None]
"""Told of progress; may wait, which is how the rate is limited."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync of one feed changed. generation: of the store, the same where nothing changed."""

    feed: str
    generation: int
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def is_feed_name(text: str) -> bool:
    """Whether a feed can be called so."""
    return bool(_NAME.match(text))


def is_document_name(text: str) -> bool:
    """Whether it is a relative path without tricks."""
    parts = text.split("/")
    return (
        0 < len(text) <= _DOCUMENT_CHARACTERS_MAX
        and text.isprintable()
        and "\\" not in text
        and not any(part.strip(".") == "" for part in parts)
    )
