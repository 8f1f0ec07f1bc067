"""What commits and trees say (git cat-file commit, git ls-tree), read by the byte."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush

from stella_connectors.git.source import Garbled

TITLE_MAX = 300
FOLDER_MODE = b"40000"
FILE_MODES = frozenset({b"100644", b"100755", b"100664"})
_NAME_MAX = 200
_PARENTS_MAX = 1000
_PERSON = re.compile(rb"(?P<name>.*?) ?<(?P<address>[^<>\n]*)> (?P<at>-?\d{1,12})(?: [+-]\d{4})?\Z")
_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_SIGNATURES = frozenset({b"gpgsig", b"gpgsig-sha256"})
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RawCommit:
    """One commit. signature: the armoured text, empty for none; payload: what it was made over."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    committed_at: datetime
    title: str
    signature: bytes = field(repr=False)
    payload: bytes = field(repr=False)


def is_id(text: str) -> bool:
    """Whether it is a whole id: 40 or 64 lower-case hex digits."""
    return _ID.match(text) is not None


def read_commit(commit_id: str, content: bytes) -> RawCommit:
    """Raises Garbled for what is no commit."""
    head, _, message = content.partition(b"\n\n")
    tree, parents = "", []
    author = committer = signature = b""
    for key, value in _headers(head):
        if key == b"tree":
            tree = value.decode("ascii", "replace")
        elif key == b"parent":
            parents.append(value.decode("ascii", "replace"))
        elif key == b"author":
            author = value
        elif key == b"committer":
            committer = value
        elif key in _SIGNATURES and not signature:
            signature = value
    if not is_id(tree) or len(parents) > _PARENTS_MAX or not all(map(is_id, parents)):
        raise Garbled("a commit is none")
    name, address, _ = _person(author)
    return RawCommit(
        commit_id,
        tree,
        tuple(parents),
        name,
        address,
        _person(committer)[2],
        _line(message.lstrip(b"\n").partition(b"\n")[0], TITLE_MAX),
        signature,
        _unsigned(head) + content[len(head) :] if signature else b"",
    )


def entry_of(tree: bytes, name: str, id_bytes: int) -> tuple[bool, str] | None:
    """Whether the entry ``name`` is a tree, and its id; None where there is none. Raises Garbled."""
    wanted = name.encode()
    for mode, found, entry in entries_of(tree, id_bytes):
        if found == wanted:
            if mode not in FILE_MODES and mode != FOLDER_MODE:
                return None  # a link, or another repository: neither is a file here
            return mode == FOLDER_MODE, entry
    return None


def entries_of(tree: bytes, id_bytes: int) -> Iterator[tuple[bytes, bytes, str]]:
    """Mode, name and id of each entry of a tree. Raises Garbled."""
    at = 0
    while at < len(tree):
        blank, end = tree.find(b" ", at), tree.find(b"\0", at)
        if not at < blank < end or end + 1 + id_bytes > len(tree):
            raise Garbled("a tree is none")
        mode, name = tree[at:blank], tree[blank + 1 : end]
        at = end + 1 + id_bytes
        yield mode, name, tree[end + 1 : at].hex()


def newest_first(commits: Iterable[RawCommit]) -> list[RawCommit]:
    """No parent before its child; of several that may come next, the one that was made last."""
    known = {one.id: one for one in commits}
    children = dict.fromkeys(known, 0)
    for one in known.values():
        for parent in set(one.parents) & known.keys():
            children[parent] += 1
    ready: list[tuple[float, str]] = []
    for one in known.values():
        if not children[one.id]:
            heappush(ready, (-one.committed_at.timestamp(), one.id))
    made = []
    while ready:
        one = known[heappop(ready)[1]]
        made.append(one)
        for parent in set(one.parents) & known.keys():
            children[parent] -= 1
            if not children[parent]:
                heappush(ready, (-known[parent].committed_at.timestamp(), parent))
    return made


def reachable(commits: Mapping[str, RawCommit], start: str) -> list[RawCommit]:
    """Those of ``commits`` that ``start`` leads to, itself included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        at = waiting.pop()
        if at not in seen and at in commits:
            seen.add(at)
            waiting += commits[at].parents
    return [commits[one] for one in seen]


def _headers(head: bytes) -> Iterable[tuple[bytes, bytes]]:
    key, parts = b"", [b""]
    for line in head.split(b"\n"):
        if line.startswith(b" "):
            parts.append(line[1:])
            continue
        if key:
            yield key, b"\n".join(parts)
        key, _, first = line.partition(b" ")
        parts = [first]
    if key:
        yield key, b"\n".join(parts)


def _unsigned(head: bytes) -> bytes:
    """The headers without the signature: what was signed."""
    kept, is_signature = [], False
    for line in head.split(b"\n"):
        if not (is_signature and line.startswith(b" ")):
            is_signature = line.partition(b" ")[0] in _SIGNATURES
            if not is_signature:
                kept.append(line)
    return b"\n".join(kept)


def _person(text: bytes) -> tuple[str, str, datetime]:
    found = _PERSON.match(text)
    if found is None:
        return "", "", _FIRST
    try:
        at = datetime.fromtimestamp(int(found["at"]), UTC)
    except (ValueError, OverflowError, OSError):
        at = _LAST if int(found["at"]) > 0 else _FIRST
    return _line(found["name"], _NAME_MAX), _line(found["address"], _NAME_MAX), max(at, _FIRST)


def _line(text: bytes, length_max: int) -> str:
    """For people: printable, of bounded length."""
    read = text[: length_max * 4].decode("utf-8", "replace").strip()
    return "".join(one if one.isprintable() else " " for one in read)[:length_max].strip()
