"""Import feeds: whatever their form, one frozen snapshot comes out, the same for the same feeds."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from stella.advisory.errors import NothingToImport, UnwritableSnapshot
from stella.advisory.feeds import Document, documents, of_feed
from stella.advisory.format import read_document
from stella.advisory.model import FeedAge, Skipped, SnapshotInfo
from stella.advisory.snapshot import file_name, write_snapshot
from stella.advisory.stage import Stage
from stella.kernel import Digest, Remedy


def import_advisories(sources: Sequence[Path], to: Path) -> SnapshotInfo:
    """Make the snapshot of all ``sources`` together in the directory ``to``.

    sources: files, archives and directories of any format of ``stella.advisory.format``. Of one record
        in several feeds the one modified last counts, and what others say otherwise is noted in it;
        withdrawn ones never count.
    Raises UnreadableFeed, FeedTooLarge, NothingToImport, UnwritableSnapshot.
    """
    found = (of_feed(one, str(source)) for source in sources for one in documents(source))
    return make_snapshot(found, to, named=[str(source) for source in sources])


def make_snapshot(
    found: Iterable[Document | Skipped],
    to: Path,
    *,
    named: Sequence[str],
    feeds: Sequence[FeedAge] = (),
) -> SnapshotInfo:
    """The snapshot of these documents in the directory ``to``. named: the sources, for refusals.

    feeds: how new each feed is, kept in the snapshot. Raises as ``import_advisories`` does.
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=to, prefix=".importing-") as workshop:
            return _make(found, to, Path(workshop), named, feeds)
    except (OSError, sqlite3.OperationalError) as error:
        raise UnwritableSnapshot(
            f"no snapshot can be written to {to}: {error}",
            remedy=Remedy("Name a directory that can be written and has room."),
            to=str(to),
        ) from None


def _make(
    found: Iterable[Document | Skipped],
    to: Path,
    workshop: Path,
    named: Sequence[str],
    feeds: Sequence[FeedAge],
) -> SnapshotInfo:
    with contextlib.closing(Stage(workshop / "staged.sqlite")) as stage:
        for document in found:
            if isinstance(document, Skipped):
                stage.take(document)
            else:
                for item in read_document(document.where, document.content):
                    stage.take(item, document.feed)
        made = workshop / "snapshot.sqlite"
        counts = write_snapshot(made, stage, feeds)
        if not counts:
            raise NothingToImport(
                "the feeds hold no record that can be matched",
                remedy=Remedy("Give feeds of a format that is read: docs/reference/advisories.md."),
                sources=list(named),
            )
        digest = Digest.of(made.read_bytes())
        path = to / file_name(digest)
        made.chmod(0o444)
        os.replace(made, path)  # noqa: PTH105 - atomic, over an equal file of an earlier import
        return SnapshotInfo(
            path, digest, counts, len(stage.kev), dict(stage.skipped), tuple(stage.examples)
        )
