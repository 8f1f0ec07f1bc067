"""A file that a feed brought: one VEX document, a list of them, or the archive of a VEX repository."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from stella.advisory.feeds import Document, documents_of
from stella.advisory.model import Skipped
from stella.kernel import StellaError
from stella.vex.hearing import hear_new
from stella.vex.plain import malformed
from stella.vex.repository import INDEX, locations

DOCUMENTS_MAX = 20_000


def vex_in(path: Path, name: str) -> Iterator[Document]:
    """The documents in the file at ``path``, which the feed calls ``name``: unread, whatever they are.

    Of a repository those that its index lists, wherever else documents lie.
    Raises MalformedVex, also where listed ones are missing; UnreadableFeed, FeedTooLarge.
    """
    indexes = {
        PurePosixPath(_within(one)).parent: one.content
        for one in _documents(path, name)
        if PurePosixPath(_within(one)).name == INDEX
    }
    root = _root(indexes, name)
    wanted = None if root is None else {str(root / one) for one in locations(indexes[root])}
    found: set[str] = set()
    for one in _documents(path, name):
        place = _within(one)
        if wanted is None or place in wanted:
            found.add(place)
            if len(found) > DOCUMENTS_MAX:
                raise malformed(f"{name} holds more than {DOCUMENTS_MAX} documents")
            yield one
    missing = sorted((wanted or set()) - found)
    if missing:
        raise malformed(f"{name} lacks {len(missing)} documents of its index, {missing[0]} first")


def read_vex_file(path: Path, name: str) -> tuple[int, str]:
    """How many documents it holds, and what the first malformed one says.

    Raises as ``vex_in`` does.
    """
    items, trouble = 0, ""
    for one in vex_in(path, name):
        try:
            hear_new(one.content, ())
        except StellaError as refusal:
            trouble = trouble or f"{one.where}: {refusal}"
        else:
            items += 1
    return items, trouble


def _documents(path: Path, name: str) -> Iterator[Document]:
    return (one for one in documents_of(path, name) if not isinstance(one, Skipped))


def _within(one: Document) -> str:
    """Where it lies in the archive; of a file that is none its own name."""
    _, is_member, inner = one.where.partition(":")
    return str(PurePosixPath(inner if is_member else one.where))


def _root(indexes: dict[PurePosixPath, bytes], name: str) -> PurePosixPath | None:
    """The folder of the repository: the one that the name of the archive says, or the outermost."""
    said = PurePosixPath(name).parent
    if said in indexes:
        return said
    outermost = sorted(indexes, key=lambda one: (len(one.parts), one))
    if len(outermost) > 1 and len(outermost[0].parts) == len(outermost[1].parts):
        raise malformed(f"{name} holds several repositories, {outermost[0]} and {outermost[1]}")
    return outermost[0] if outermost else None
