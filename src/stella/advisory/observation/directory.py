"""A directory as a feed: a clone of a publisher's repository, or what somebody carried over."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stella.advisory.errors import UnreadableFeed
from stella.advisory.observation.model import is_document_name
from stella.kernel import Remedy
from stella.plugin.contract.feed import FeedChanges, FeedDocument

_CHUNK_BYTES = 1 << 20
_FILES_MAX = 1_000_000


class DirectoryFeed:
    """``Feed`` of every file below a directory, or of one file. Hidden files are left out."""

    def __init__(self, place: Path) -> None:
        """Raises UnreadableFeed where it is not there."""
        self._place = place
        if not place.exists():
            raise self._unreadable(f"{place} is not there")

    def changes(self, cursor: str) -> FeedChanges:
        """Beside what it was: the cursor lists names and digests. Raises UnreadableFeed."""
        known = json.loads(cursor) if cursor else {}
        now = {name: self._digest(path) for name, path in self._files()}
        changed = [name for name, digest in now.items() if known.get(name) != digest]
        return FeedChanges(
            cursor=json.dumps(now, sort_keys=True),
            documents=tuple(FeedDocument(name, now[name]) for name in sorted(changed)),
            removed=tuple(sorted(known.keys() - now.keys())),
        )

    @contextmanager
    def document(self, name: str) -> Iterator[Iterator[bytes]]:
        """Its content. Raises UnreadableFeed."""
        path = dict(self._files()).get(name)
        if path is None:
            raise self._unreadable(f"{self._place} holds no {name[:100]!r}")
        try:
            with path.open("rb") as stream:
                yield iter(lambda: stream.read(_CHUNK_BYTES), b"")
        except OSError as error:
            raise self._unreadable(f"{path} cannot be read: {error.strerror}") from None

    def check(self) -> str:
        """How many files there are."""
        return f"{sum(1 for _ in self._files())} files"

    def _files(self) -> Iterator[tuple[str, Path]]:
        if self._place.is_file():
            yield self._place.name, self._place
            return
        count = 0
        for path in sorted(self._place.rglob("*")):
            name = path.relative_to(self._place).as_posix()
            is_hidden = any(part.startswith(".") for part in name.split("/"))
            if (
                path.is_file()
                and not path.is_symlink()
                and not is_hidden
                and is_document_name(name)
            ):
                count += 1
                if count > _FILES_MAX:
                    raise self._unreadable(f"{self._place} holds more than {_FILES_MAX} files")
                yield name, path

    def _digest(self, path: Path) -> str:
        try:
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise self._unreadable(f"{path} cannot be read: {error.strerror}") from None

    def _unreadable(self, why: str) -> UnreadableFeed:
        return UnreadableFeed(why, remedy=Remedy("Check the path."), source=str(self._place))
