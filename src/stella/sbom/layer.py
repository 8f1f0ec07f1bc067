"""One layer -> its facts, in one pass, with nothing written anywhere."""

from collections import Counter
from collections.abc import Iterable

from stella.kernel import Digest
from stella.sbom.ecosystem.program import BYTES_MIN, may_be_program, read_program
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.ecosystem.table import CONTAINERS, bytes_max, parsed, reader_of, too_long
from stella.sbom.facts import (
    FileFacts,
    LanguagePackages,
    LayerFacts,
    Link,
    OwnedPaths,
    SystemPackages,
    Unread,
)
from stella.sbom.inflate import PlainLayer, broken
from stella.sbom.limits import DEFAULT_LIMITS, Limits
from stella.sbom.tar import DIRECTORY, HARD_LINK, REGULAR, SYMBOLIC_LINK, Entry, Reader

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_UNIONFS = ".wh..wh."  # bookkeeping of aufs, not of the image


def read_layer(
    chunks: Iterable[bytes], *, digest: Digest, diff_id: Digest, limits: Limits = DEFAULT_LIMITS
) -> LayerFacts:
    """The facts of the layer whose compressed bytes are ``chunks``, both digests verified.

    Raises BrokenLayer (cut off, no archive, other digest), LayerTooLarge (bomb), UnsupportedLayer.
    """
    with PlainLayer(chunks, limits) as plain:
        reader = Reader(iter(plain), limits)
        pass_ = _Pass(reader, limits)
        for entry in reader:
            pass_.take(entry)
    if plain.digest != digest:
        raise broken(f"its digest is {plain.digest}, the manifest promises {digest}")
    if plain.diff_id != diff_id:
        raise broken(f"its diff id is {plain.diff_id}, the configuration promises {diff_id}")
    return LayerFacts(
        digest=digest.text,
        diff_id=diff_id.text,
        compressed_bytes=plain.compressed_bytes,
        plain_bytes=plain.plain_bytes,
        entries=reader.entries,
        files=dict(sorted(pass_.files.items())),
        removed=tuple(sorted(pass_.removed)),
        opaque=tuple(sorted(pass_.opaque)),
        replaced=tuple(sorted(pass_.replaced)),
        partial=pass_.oddities(),
    )


class _Pass:
    """What has been collected so far from one layer."""

    def __init__(self, reader: Reader, limits: Limits) -> None:
        self._reader = reader
        self._limits = limits
        self._kept = 0
        self._marked = 0
        self._odd: Counter[str] = Counter()
        self._odd_first: dict[str, str] = {}
        self.files: dict[str, FileFacts] = {}
        self.removed: set[str] = set()
        self.opaque: set[str] = set()
        self.replaced: set[str] = set()

    def take(self, entry: Entry) -> None:
        """Look at one entry; read its data only where it is of interest."""
        path = self._confined(entry.path)
        if not path:
            return
        directory, _, name = path.rpartition("/")
        if name.startswith(_WHITEOUT):
            self._whiteout(directory, name)
        elif entry.kind == DIRECTORY:
            self.files.pop(path, None)
        elif (reader := reader_of(path, name)) is not None:
            self._keep(path, self._facts(reader, path, entry))
        elif entry.kind == SYMBOLIC_LINK or name in CONTAINERS:
            self._bounded(self.replaced, path)
        elif entry.kind == HARD_LINK:
            self._linked_program(path, entry)
        elif entry.is_executable and may_be_program(path, name):
            self._program(path, name, entry)

    def oddities(self) -> tuple[tuple[str, str], ...]:
        """Each kind of oddity once, with its first path and how often it was met."""
        return tuple(
            (self._odd_first[reason], f"{reason} ({count} in this layer)")
            for reason, count in sorted(self._odd.items())
        )

    def _confined(self, raw: str) -> str:
        """The path inside the image, or "" for one that leaves it or has no name."""
        path = raw.rstrip("/").removeprefix("./")
        if len(path) > self._limits.path_characters_max or "\0" in path:
            self._note("a path that no file system takes, skipped", path[:200])
            return ""
        if path[:1] != "/" and ".." not in path and "//" not in path and "/./" not in path:
            return "" if path == "." else path
        if path.startswith("/"):
            self._note("an absolute path, read as inside the image", path)
        parts = [part for part in path.split("/") if part not in {"", "."}]
        if ".." in parts:
            self._note("a path that leaves the image with '..', skipped", path)
            return ""
        return "/".join(parts)

    def _whiteout(self, directory: str, name: str) -> None:
        if name == _OPAQUE:
            self._bounded(self.opaque, directory)
            return
        if name.startswith(_UNIONFS):
            return
        hidden = name[len(_WHITEOUT) :]
        if hidden in {"", ".", ".."}:
            self._note("a whiteout of nothing, skipped", f"{directory}/{name}")
            return
        self._bounded(self.removed, f"{directory}/{hidden}" if directory else hidden)

    def _facts(self, reader: EcosystemReader, path: str, entry: Entry) -> FileFacts:
        if entry.kind in (HARD_LINK, SYMBOLIC_LINK):
            return self._link(path, entry)
        if entry.is_sparse:
            return Unread("it is stored as a sparse file")
        if entry.kind not in REGULAR:
            return Unread("it is a device, a pipe or of an unknown kind, not a file")
        most = bytes_max(reader, self._limits)
        if entry.size > most:
            return too_long(entry.size, most)
        return parsed(reader, path, self._reader.pieces(entry), self._limits)

    def _program(self, path: str, name: str, entry: Entry) -> None:
        """A program that says what it was built from; any other hides one that lay there below."""
        facts = None
        if entry.kind in REGULAR and entry.size >= BYTES_MIN and not entry.is_sparse:
            facts = read_program(name, self._reader.pieces(entry))
        if facts is not None:
            self._keep(path, facts)
        else:
            self.files.pop(path, None)
            self._bounded(self.replaced, path)

    def _linked_program(self, path: str, entry: Entry) -> None:
        target = _link_target(path, entry.link, is_hard=True)
        facts = self.files.get(target) if target else None
        if isinstance(facts, LanguagePackages):
            self._keep(path, facts)
        else:
            self._bounded(self.replaced, path)

    def _link(self, path: str, entry: Entry) -> FileFacts:
        is_hard = entry.kind == HARD_LINK
        target = _link_target(path, entry.link, is_hard=is_hard)
        if target is None:
            return Unread("it is a link that leaves the image")
        if is_hard and target in self.files:
            return self.files[target]
        return Link(target, is_hard)

    def _keep(self, path: str, facts: FileFacts) -> None:
        self._kept += _weight(facts)
        if self._kept > self._limits.packages_max:
            self._note(f"beyond {self._limits.packages_max} packages and files, not read", path)
            return
        self.files[path] = facts

    def _bounded(self, paths: set[str], path: str) -> None:
        self._marked += 1
        if self._marked > self._limits.marks_max:
            self._note(f"beyond {self._limits.marks_max} links and whiteouts, not followed", path)
            return
        paths.add(path)

    def _note(self, reason: str, path: str) -> None:
        self._odd[reason] += 1
        self._odd_first.setdefault(reason, path)


def _weight(facts: FileFacts) -> int:
    """How many things ``facts`` makes us remember."""
    match facts:
        case SystemPackages(packages=packages, owned=owned):
            return 1 + len(packages) + len(owned)
        case LanguagePackages(packages=found):
            return 1 + len(found)
        case OwnedPaths(paths=paths):
            return 1 + len(paths)
        case _:
            return 1


def _link_target(path: str, link: str, *, is_hard: bool) -> str | None:
    """Where a link leads inside the image, or None."""
    is_relative = not is_hard and not link.startswith("/")
    parts = path.split("/")[:-1] if is_relative else []
    for part in link.split("/"):
        if part == "..":
            if is_hard:
                return None
            # Above the root is the root, as for every process in the container.
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts) or None
