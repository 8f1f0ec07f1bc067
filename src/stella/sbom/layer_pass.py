"""What is collected of one layer while its headers pass by."""

from collections import Counter

from stella.sbom.capability import capability_names
from stella.sbom.ecosystem.elf import MAGIC, LinkReader, is_library
from stella.sbom.ecosystem.go_functions import HASH_BYTES
from stella.sbom.ecosystem.program import BYTES_MIN, may_be_program, read_program
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.ecosystem.table import CONTAINERS, bytes_max, parsed, reader_of, too_long
from stella.sbom.entry.runnable import is_bare, is_source, may_be_run
from stella.sbom.entry.script import SCRIPT_BYTES_MAX, SHEBANG, read_commands, read_script
from stella.sbom.facts import (
    Accounts,
    ElfLinks,
    FileFacts,
    GoFunctions,
    LanguagePackages,
    Link,
    OwnedPaths,
    Privilege,
    Script,
    SecretPlace,
    SystemPackages,
    Unread,
)
from stella.sbom.layer_path import link_target
from stella.sbom.limits import Limits
from stella.sbom.secret.places import (
    SECRET_BYTES_MAX,
    TEXT_BYTES_MAX,
    Place,
    is_published,
    place_of,
)
from stella.sbom.secret.rules import find_secrets
from stella.sbom.tar import DIRECTORY, HARD_LINK, REGULAR, SYMBOLIC_LINK, Entry, Reader

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_DULL = ("usr/share/", "usr/lib/", "lib/", "usr/include/", "usr/local/lib/", "var/lib/dpkg/")
_TEXT_OF_A_MARK = 128
_NAMES_OF_A_THING = 64
_UNIONFS = ".wh..wh."  # bookkeeping of aufs, not of the image


class LayerPass:
    """What has been collected so far from one layer."""

    def __init__(self, reader: Reader, limits: Limits) -> None:
        self._reader = reader
        self._limits = limits
        self._kept = 0
        self._marked = 0
        self._searched_bytes = 0
        self._odd: Counter[str] = Counter()
        self._odd_first: dict[str, str] = {}
        self.files: dict[str, FileFacts] = {}
        self.removed: set[str] = set()
        self.opaque: set[str] = set()
        self.replaced: set[str] = set()
        self.programs: dict[str, Script | None] = {}
        self.sources: set[str] = set()
        self.links: dict[str, str] = {}
        self.privileged: dict[str, Privilege] = {}
        self.secrets: set[SecretPlace] = set()
        self.linked: dict[str, ElfLinks] = {}
        self.libraries: set[str] = set()

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
        elif entry.kind == SYMBOLIC_LINK:
            self._symbolic_link(path, name, entry)
        elif name in CONTAINERS:
            self._bounded(self.replaced, path)
        elif entry.kind == HARD_LINK:
            self._hard_link(path, entry)
        elif entry.kind in REGULAR:
            self._file(path, name, entry)

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

    def _file(self, path: str, name: str, entry: Entry) -> None:
        """A file that is no package list: it may be run, it may be secret, it may do more than others."""
        if entry.is_privileged:
            self._privilege(path, entry)
        elif self.privileged:
            self.privileged.pop(path, None)
        # Nearly every file lies here, and none of them is looked at but for its mode.
        is_dull = path.startswith(_DULL)
        place = None if is_dull or entry.is_sparse else place_of(path, name)
        if place is None and is_library(name):
            self._library(path, entry)
            return
        if entry.is_executable and may_be_run(path, name):
            self._program(path, name, entry, place)
        elif is_dull:
            if "." not in name and is_bare(path, name):
                self._bounded(self.replaced, path)
        elif place is not None:
            self._searched(path, name, entry, place)
        elif is_source(path, name):
            self._bounded(self.sources, path)
        elif is_bare(path, name):
            self._bounded(self.replaced, path)

    def _program(self, path: str, name: str, entry: Entry, place: Place | None) -> None:
        """A program that says what it was built from; any other hides one that lay there below."""
        facts, script = None, None
        self.linked.pop(path, None)
        if entry.is_sparse:
            pass
        elif self._reader.beginning(entry, len(SHEBANG)) == SHEBANG:
            script = self._script(path, entry, place or Place.TEXT)
        elif entry.size >= BYTES_MIN and may_be_program(path, name):
            links = LinkReader()
            facts = read_program(name, self._reader.pieces(entry), links)
            self._note_links(path, links)
        elif place is None and self._reader.beginning(entry, len(MAGIC)) == MAGIC:
            self._library(path, entry, is_library=False)
        elif place is not None:
            self._searched(path, name, entry, place)
        if facts is not None:
            self._keep(path, facts)
        else:
            self.files.pop(path, None)
        if self._is_counted(path):
            self.programs[path] = script

    def _library(self, path: str, entry: Entry, *, is_library: bool = True) -> None:
        """A file that others may ask for: by name it is a library, by content it asks for others."""
        if is_library:
            self.linked.pop(path, None)
            if not self._is_counted(path):
                return
            self.libraries.add(path)
        if entry.is_sparse or self._reader.beginning(entry, len(MAGIC)) != MAGIC:
            return
        links = LinkReader()
        for piece in self._reader.pieces(entry):
            links.feed(piece)
            if links.is_done:
                break
        self._note_links(path, links)

    def _note_links(self, path: str, reader: LinkReader) -> None:
        links = reader.end()
        if links is None:
            return
        # A long list of names is as many things as it has room for, or few files would fill us.
        texts = (*links.needed, *links.rpath, *links.runpath)
        self._marked += sum(map(len, texts)) // _TEXT_OF_A_MARK
        if self._is_counted(path):
            self.linked[path] = links

    def _script(self, path: str, entry: Entry, place: Place) -> Script:
        if entry.size > SCRIPT_BYTES_MAX or not self._is_searched(path, entry.size):
            return read_script(self._reader.beginning(entry, 512), entry.size)
        content = b"".join(self._reader.pieces(entry))
        if not is_published(path):
            self._note_secrets(path, content, place)
        return read_script(content, entry.size)

    def _searched(self, path: str, name: str, entry: Entry, place: Place) -> None:
        """A file that may hold a secret; whatever it is, what lay there below is gone."""
        text_max = TEXT_BYTES_MAX if place is Place.TEXT else SECRET_BYTES_MAX
        commands = None
        if entry.size <= text_max and self._is_searched(path, entry.size):
            content = b"".join(self._reader.pieces(entry))
            self._note_secrets(path, content, place)
            if name.endswith(".sh") and len(content) <= SCRIPT_BYTES_MAX:
                commands = read_commands(content)
        elif entry.size > text_max and place is not Place.TEXT:
            self._note(f"more than {text_max} bytes, not searched for secrets", path)
        if commands is not None and self._is_counted(path):
            self.programs[path] = commands
        elif is_source(path, name):
            self._bounded(self.sources, path)
        else:
            self._bounded(self.replaced, path)

    def _is_searched(self, path: str, size: int) -> bool:
        """Whether a text of that size is still looked into: not forever, whatever the layer holds."""
        self._searched_bytes += size
        if self._searched_bytes > self._limits.searched_bytes_max:
            most = self._limits.searched_bytes_max
            self._note(f"beyond {most} bytes of sources and scripts, not searched", path)
            return False
        return True

    def _note_secrets(self, path: str, content: bytes, place: Place) -> None:
        for line, rule in find_secrets(content, place):
            if len(self.secrets) >= self._limits.secrets_max:
                self._note(f"beyond {self._limits.secrets_max} secrets, not listed", path)
                return
            self.secrets.add(SecretPlace(path, line, rule))

    def _privilege(self, path: str, entry: Entry) -> None:
        if len(self.privileged) >= self._limits.privileged_max:
            self._note(
                f"beyond {self._limits.privileged_max} files with more power, not listed", path
            )
            return
        uid, gid = entry.owner
        mode, capabilities = entry.permissions, capability_names(entry.capability)
        self.privileged[path] = Privilege(mode, uid, gid, capabilities)

    def _symbolic_link(self, path: str, name: str, entry: Entry) -> None:
        self.privileged.pop(path, None)
        target = link_target(path, entry.link, is_hard=False)
        if target is not None and (may_be_run(path, name) or is_library(name)):
            if self._is_counted(path):
                self.links[path] = target
        else:
            self._bounded(self.replaced, path)

    def _hard_link(self, path: str, entry: Entry) -> None:
        """The same file under another name, if it lies in this layer; else what it hides is all we know."""
        target = link_target(path, entry.link, is_hard=True) or ""
        facts = self.files.get(target)
        if isinstance(facts, LanguagePackages):
            self._keep(path, facts)
        if target in self.privileged and len(self.privileged) < self._limits.privileged_max:
            self.privileged[path] = self.privileged[target]
        if target in self.linked:
            self.linked[path] = self.linked[target]
        if target in self.programs and self._is_counted(path):
            self.programs[path] = self.programs[target]
        elif target in self.libraries and self._is_counted(path):
            self.libraries.add(path)
        else:
            self._bounded(self.replaced, path)

    def _link(self, path: str, entry: Entry) -> FileFacts:
        is_hard = entry.kind == HARD_LINK
        target = link_target(path, entry.link, is_hard=is_hard)
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
        if self._is_counted(path):
            paths.add(path)

    def _is_counted(self, path: str) -> bool:
        """Whether there is room for one more path."""
        self._marked += 1
        if self._marked > self._limits.marks_max:
            most = self._limits.marks_max
            self._note(f"beyond {most} links, whiteouts and programs, not followed", path)
            return False
        return True

    def _note(self, reason: str, path: str) -> None:
        self._odd[reason] += 1
        self._odd_first.setdefault(reason, path)


def _functions_weight(functions: GoFunctions) -> int:
    kept = sum(map(len, functions.packages.values()))
    return len(functions.packages) + kept // (HASH_BYTES * _NAMES_OF_A_THING)


def _weight(facts: FileFacts) -> int:
    """How many things ``facts`` makes us remember."""
    match facts:
        case SystemPackages(packages=packages, owned=owned):
            return 1 + len(packages) + sum(len(one.paths) for one in owned)
        case LanguagePackages(packages=found, functions=functions):
            return 1 + len(found) + (_functions_weight(functions) if functions else 0)
        case OwnedPaths(paths=paths):
            return 1 + len(paths)
        case Accounts(users=users):
            return 1 + len(users)
        case _:
            return 1
