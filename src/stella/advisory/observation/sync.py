"""Sync one feed: bring what changed, check all of it, then keep all of it in one transaction.

1. The feed says what changed since the cursor.  2. Each document is brought to ``incoming``; what an
earlier try brought whole is not brought again.  3. Each is read to its end.  4. The raw files are put in
place.  5. The index changes, in one transaction. Whatever fails before 5 leaves what was known as it was.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from stella.advisory.errors import BrokenFeed
from stella.advisory.feeds import documents_of
from stella.advisory.format import read_document
from stella.advisory.model import Skipped
from stella.advisory.observation.model import (
    Bringing,
    FeedChange,
    Progress,
    Synced,
    Tell,
    is_document_name,
    is_feed_name,
)
from stella.advisory.observation.store import Observations, file_digest
from stella.kernel import Remedy, StellaError
from stella.plugin.contract.feed import Feed, FeedDocument

_PAGES_MAX = 1_000
_DOCUMENTS_MAX = 1_000_000
_BYTES_MAX = 8 << 30
# A feed of fewer items may lose most of them with one document.
_ITEMS_TO_HALVE_MIN = 10

ReadDocument: TypeAlias = Callable[[Path, str], tuple[int, str]]
"""A file and its name in the feed -> how many items it holds, and what the first malformed one in it is.

Raises StellaError where it cannot be read to its end.
"""


def read_advisories(path: Path, name: str) -> tuple[int, str]:
    """Of a file of advisories, as ``ReadDocument``. Raises UnreadableFeed, FeedTooLarge."""
    items, trouble = 0, ""
    for document in documents_of(path, name):
        if isinstance(document, Skipped):
            continue
        for item in read_document(document.where, document.content):
            if not isinstance(item, Skipped):
                items += 1
            elif not trouble and item.reason.startswith("malformed"):
                trouble = item.reason
    return items, trouble


def sync_feed(
    store: Observations,
    name: str,
    feed: Feed,
    *,
    now: str,
    tell: Tell = lambda _: None,
    may_shrink: bool = False,
    read: ReadDocument = read_advisories,
) -> Synced:
    """Bring the feed up to date in the store, wholly or not at all.

    now: ISO 8601 in UTC. tell: hears of progress. read: checks what was brought. may_shrink: also where
    the feed or a document of it lost more than half of what was in it, which is how a feed that was cut
    off looks.
    Raises BrokenFeed, UnreadableFeed, FeedTooLarge, UnusableStore, and what the feed raises.
    """
    if not is_feed_name(name):
        raise _broken(name, f"{name[:60]!r} is no name of a feed")
    with store.writing():
        return _synced(store, name, feed, now, tell, read=read, may_shrink=may_shrink)


def _synced(
    store: Observations,
    name: str,
    feed: Feed,
    now: str,
    tell: Tell,
    *,
    read: ReadDocument,
    may_shrink: bool,
) -> Synced:
    before = store.feed(name)
    cursor, wanted, removed = _changes(name, feed, before.cursor)
    held = {one.document: one.items for one in store.current(name)}
    brought = [_bring(store, name, feed, one, tell) for one in wanted]
    checked = [
        _checked(store, name, one, held, read=read, now=now, may_shrink=may_shrink)
        for one in brought
    ]
    gone = sorted(removed & set(held))
    _refuse_cut_off(name, held, gone, checked, may_shrink=may_shrink)
    changed = {one.document: one.digest for one in store.current(name)}
    for one in checked:
        store.place(_incoming(store, name, one.document, one.version), one.digest)
    generation = store.keep([FeedChange(name, tuple(checked), tuple(gone), cursor, now)])
    store.clear_incoming(name)
    differing = [one.document for one in checked if changed.get(one.document) != one.digest]
    return Synced(name, generation, tuple(sorted(differing)), tuple(gone))


def _refuse_cut_off(
    name: str,
    held: dict[str, int],
    gone: Sequence[str],
    checked: Sequence[Bringing],
    *,
    may_shrink: bool,
) -> None:
    """A clone that is half made, or a directory that is not mounted, looks like removed documents."""
    left = {document: items for document, items in held.items() if document not in gone}
    left |= {one.document: one.items for one in checked}
    before, after = sum(held.values()), sum(left.values())
    is_cut_off = before >= _ITEMS_TO_HALVE_MIN and before > 2 * after
    if not may_shrink and (is_cut_off or (before and not after)):
        raise _broken(name, f"{after} of its {before} items are left, as if it was cut off")


def _changes(name: str, feed: Feed, cursor: str) -> tuple[str, list[FeedDocument], set[str]]:
    """The new cursor, what changed, what went; every page of it."""
    wanted: dict[str, FeedDocument] = {}
    removed: set[str] = set()
    for _ in range(_PAGES_MAX):
        page = feed.changes(cursor)
        cursor = page.cursor
        for one in page.documents:
            if not is_document_name(one.name):
                raise _broken(name, f"{one.name[:60]!r} is no name of a document")
            wanted[one.name] = one
            removed.discard(one.name)
        for gone in page.removed:
            wanted.pop(gone, None)
            removed.add(gone)
        if len(wanted) > _DOCUMENTS_MAX:
            raise _broken(name, f"it lists more than {_DOCUMENTS_MAX} documents")
        if page.is_complete:
            return cursor, [wanted[one] for one in sorted(wanted)], removed
    raise _broken(name, f"its changes have more than {_PAGES_MAX} pages")


def _incoming(store: Observations, feed: str, document: str, version: str) -> Path:
    """A name for this version of the document: another try finds it again."""
    named = hashlib.sha256(f"{document}\0{version}".encode()).hexdigest()
    return store.incoming / feed / named


def _bring(
    store: Observations, name: str, feed: Feed, document: FeedDocument, tell: Tell
) -> FeedDocument:
    path = _incoming(store, name, document.name, document.version)
    # Without a version nobody knows whether it is still the same.
    if document.version and path.is_file():
        size = path.stat().st_size
        tell(Progress(name, document.name, size, is_whole=True, is_kept=True))
        return document
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    received = 0
    try:
        with feed.document(document.name) as pieces, part.open("wb") as file:
            for piece in pieces:
                received += len(piece)
                if received > _BYTES_MAX:
                    raise _broken(name, f"{document.name} has more than {_BYTES_MAX} bytes")
                file.write(piece)
                tell(Progress(name, document.name, received))
        part.replace(path)
    except OSError as error:
        raise _broken(name, f"{document.name} cannot be kept: {error}") from None
    finally:
        part.unlink(missing_ok=True)
    tell(Progress(name, document.name, received, is_whole=True))
    return document


def _checked(
    store: Observations,
    name: str,
    document: FeedDocument,
    held: dict[str, int],
    *,
    read: ReadDocument,
    now: str,
    may_shrink: bool,
) -> Bringing:
    """The document, read to its end. What is broken is not kept for another try."""
    path = _incoming(store, name, document.name, document.version)
    try:
        items, trouble = read(path, document.name)
    except StellaError:
        path.unlink()
        raise
    before = held.get(document.name, 0)
    why = ""
    if not items and (trouble or before):
        why = trouble or "it is empty, and was not"
    elif before > 2 * items and not may_shrink:
        why = f"{items} of the {before} items are left in it, as if it was cut off"
    if why:
        path.unlink()
        raise _broken(name, f"{document.name}: {why}")
    size, digest = path.stat().st_size, file_digest(path)
    return Bringing(document.name, document.version, digest, size, items, now)


def _broken(feed: str, why: str) -> BrokenFeed:
    return BrokenFeed(
        f"the feed {feed} is broken: {why}; what was known of it stays",
        remedy=Remedy("Try again later; --may-shrink where it is meant to be smaller."),
        feed=feed,
    )
