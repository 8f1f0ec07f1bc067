"""What a commit of a followed repository says: the files that are meant, read in one order, and where
each document stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stella.environment.errors import CommitRefused
from stella.environment.followed.files import chosen, in_the_way, is_plain, search_of
from stella.environment.followed.model import Counted, Followed
from stella.environment.yaml_documents import NoDocuments, placed_documents
from stella.kernel import Remedy
from stella.plugin.contract.scm import FileList, Scm

FILES_MAX = 200
_LISTED_MAX = 5000
_BYTES_MAX = 16 * 1024 * 1024
_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class Said:
    """documents: in the order of the files. counted: each file, and how many documents it has."""

    documents: tuple[Mapping[str, Any], ...]
    counted: tuple[Counted, ...]


def read_commit(scm: Scm, followed: Followed, commit: str) -> Said:
    """Raises CommitRefused with the place, and what ``Scm`` raises."""
    documents: list[Mapping[str, Any]] = []
    places: dict[tuple[str, str], str] = {}
    counted, bytes_read = [], 0
    for path in _paths(scm, followed, commit):
        content = scm.read_file(followed.repository, commit, path)
        bytes_read += len(content)
        if bytes_read > _BYTES_MAX:
            raise refused(
                followed,
                f"its files have more than {_BYTES_MAX >> 20} MiB together",
                "Name fewer, or smaller ones.",
            )
        before = len(documents)
        for line, one in _documents(followed, path, content):
            _refuse_twice(followed, places, one, f"{path}, line {line}")
            documents.append(one)
        counted.append(Counted(path, len(documents) - before))
    return Said(tuple(documents), tuple(counted))


def refused(followed: Followed, why: str, advice: str, command: str | None = None) -> CommitRefused:
    """A commit that does not count."""
    return CommitRefused(
        f"{followed.name}: {why}",
        remedy=Remedy(advice, command=command),
        repository=followed.name,
    )


def _paths(scm: Scm, followed: Followed, commit: str) -> Sequence[str]:
    """In the order of ``files``, within one of them by their letters; each once."""
    found: dict[str, None] = {}
    lists: dict[tuple[str, bool], FileList] = {}
    for entry in followed.files:
        if is_plain(entry):
            found[entry] = None
            continue
        search = search_of(entry)
        if search not in lists:
            lists[search] = scm.list_files(followed.repository, commit, *search, _LISTED_MAX)
        found |= dict.fromkeys(_chosen(followed, entry, lists[search]))
    if len(found) > FILES_MAX:
        raise refused(
            followed,
            f"{len(found)} files are meant, at most {FILES_MAX} are read",
            "Name fewer of them in spec.files.",
        )
    return [*found]


def _chosen(followed: Followed, entry: str, listed: FileList) -> tuple[str, ...]:
    if not listed.is_complete:
        folder = search_of(entry)[0] or "the repository"
        raise refused(
            followed,
            f"there are more than {_LISTED_MAX} files in {folder[:80]!r}, where {entry[:80]!r} is looked for",
            "Name a smaller folder.",
        )
    if links := in_the_way(entry, listed.links):
        raise refused(
            followed,
            f"{entry[:80]!r} leads to {_shown(links)}: links and other repositories are not read",
            "Put the file itself there, or name what is meant without the link.",
        )
    found = chosen(entry, listed.files)
    if not found:
        raise refused(
            followed,
            f"{entry[:80]!r} means no file",
            "Put one there, or take it out of spec.files: nothing at all may be a mistake.",
        )
    return found


def _documents(
    followed: Followed, path: str, content: bytes
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        yield from placed_documents(content)
    except NoDocuments as error:
        raise refused(
            followed, f"{path}, line {error.line}: {error.problem}", "Correct the file."
        ) from None


def _refuse_twice(
    followed: Followed, places: dict[tuple[str, str], str], one: Mapping[str, Any], place: str
) -> None:
    named = (str(one.get("kind")), str(one.get("name")))
    first = places.setdefault(named, place)
    if first != place:
        kind, name = (text[:80] for text in named)
        raise refused(
            followed,
            f"{kind} {name} stands there twice: in {first}, and in {place}",
            "Take one of them out.",
        )


def _shown(paths: Sequence[str]) -> str:
    more = len(paths) - _SHOWN_MAX
    told = ", ".join(repr(one[:120]) for one in paths[:_SHOWN_MAX])
    return f"{told} and {more} more" if more > 0 else told
