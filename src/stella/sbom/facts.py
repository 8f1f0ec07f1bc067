"""What one layer says, as data: the same layer always says the same, so it is kept by digest."""

from typing import TypeAlias

import msgspec

READER_VERSION = 6
"""Goes into the cache's key: what an older reader kept is read again, not believed."""


class SystemPackage(msgspec.Struct, frozen=True, array_like=True):
    """One installed package of an operating system's package database.

    kind: purl type. version: with the epoch before it, where it has one. module: of Red Hat's
    family, ``nodejs:18:...``.
    """

    kind: str
    name: str
    version: str
    architecture: str
    source_name: str
    source_version: str
    licence: str = ""
    module: str = ""


class SystemPackages(msgspec.Struct, frozen=True, tag="system", array_like=True):
    """A package database, or a part of one.

    broken: what is wrong with entries that cannot be read. owned: files of interest that these
    packages installed, where the database itself lists them; sorted by package.
    """

    packages: tuple[SystemPackage, ...]
    broken: tuple[str, ...] = ()
    owned: "tuple[OwnedPaths, ...]" = ()


class OwnedPaths(msgspec.Struct, frozen=True, tag="owned", array_like=True):
    """Files of interest that the system package ``package`` installed, where a file lists them."""

    package: str
    paths: tuple[str, ...]


class Accounts(msgspec.Struct, frozen=True, tag="accounts", array_like=True):
    """Users by name, and their numbers. is_whole: whether there are no more than these."""

    users: dict[str, int]
    is_whole: bool = True


class LanguagePackage(msgspec.Struct, frozen=True, array_like=True):
    """One package of a language. name: with its namespace, as people of the language write it.

    is_declared: a lock file asks for it; nobody has seen it installed. within: where in an archive
    it was read from, "" for the file itself.
    """

    purl_type: str
    name: str
    version: str
    licence: str = ""
    is_declared: bool = False
    within: str = ""


class GoFunctions(msgspec.Struct, frozen=True, array_like=True):
    """Which functions are linked into a Go program.

    packages: import path -> the first bytes of each name's hash, sorted, one after the other.
    unread: why a name may be missing, empty where none can be. main: import path of the package that
    is called ``main`` within. replaced: module -> under which other names it was linked. system,
    architecture: GOOS and GOARCH, empty where it does not say. module: that of ``main``.
    """

    packages: dict[str, bytes]
    unread: str = ""
    main: str = ""
    replaced: dict[str, tuple[str, ...]] = {}
    system: str = ""
    architecture: str = ""
    module: str = ""


class LanguagePackages(msgspec.Struct, frozen=True, tag="language", array_like=True):
    """The packages that one file stands for. broken: what of it cannot be read.

    functions: of a program in Go, None for any other file.
    """

    packages: tuple[LanguagePackage, ...]
    broken: tuple[str, ...] = ()
    functions: GoFunctions | None = None


class OsRelease(msgspec.Struct, frozen=True, tag="os", array_like=True):
    """``os-release`` and its elders: ``distro`` is ``debian-12``, empty where the file does not say.

    rank: of two files the lower one is believed.
    """

    distro: str
    rank: int = 0


class Unread(msgspec.Struct, frozen=True, tag="unread", array_like=True):
    """A file of interest that could not be read, and why."""

    reason: str


class Link(msgspec.Struct, frozen=True, tag="link", array_like=True):
    """A link at the path of a file of interest. ``target``: path in the image, without first slash."""

    target: str
    is_hard: bool


class LoaderPaths(msgspec.Struct, frozen=True, tag="loader", array_like=True):
    """Directories that a configuration of the dynamic linker names, absolute, in their order."""

    paths: tuple[str, ...]


class ElfLinks(msgspec.Struct, frozen=True, array_like=True):
    """What a program or library asks the dynamic linker for, by name or path.

    rpath, runpath: where to look first, as they stand there. interpreter: the linker itself, of a
    program. kind: class, byte order and machine, which those that it loads have too.
    """

    needed: tuple[str, ...]
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    interpreter: str = ""
    kind: str = ""


FileFacts: TypeAlias = (
    SystemPackages
    | OwnedPaths
    | LanguagePackages
    | OsRelease
    | Accounts
    | LoaderPaths
    | Unread
    | Link
)


class Privilege(msgspec.Struct, frozen=True, array_like=True):
    """A file whose runner gets more power than they have. mode: its twelve bits; owner by number.

    capabilities: their names, sorted.
    """

    mode: int
    uid: int
    gid: int
    capabilities: tuple[str, ...] = ()


class SecretPlace(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Where something secret lies, and by which rule we know. The secret itself is nowhere kept."""

    path: str
    line: int
    rule: str


class Script(msgspec.Struct, frozen=True, array_like=True):
    """A file that begins with ``#!``. interpreter: the words after it.

    last: the last command of a shell script, exec: the last one in it that begins with ``exec``;
    each empty where there is none that can be told. line, exec_line: where they begin. execs: how many
    there are. sets: lines that replace the arguments. unread: why nothing is known of its commands.
    """

    interpreter: tuple[str, ...]
    last: str = ""
    line: int = 0
    exec: str = ""
    exec_line: int = 0
    execs: int = 0
    sets: tuple[str, ...] = ()
    unread: str = ""


class LayerFacts(msgspec.Struct, frozen=True):
    """One layer. Paths are relative to the image's root, without first slash.

    files: of interest. removed: whited out below this layer, files or whole directories.
    opaque: directories whose content below this layer is hidden. replaced: what is no directory
    in this layer and may have been one below, or a file of interest.
    programs: files that may be run; what is known of those that are scripts. sources: files that an
    interpreter may run. links: symbolic ones, to their targets. privileged: set-user-ID, set-group-ID
    and with capabilities. libraries: files that a name makes one; linked: what programs and libraries
    ask the dynamic linker for.
    """

    digest: str
    diff_id: str
    compressed_bytes: int
    plain_bytes: int
    entries: int
    files: dict[str, FileFacts]
    removed: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    partial: tuple[tuple[str, str], ...] = ()
    programs: dict[str, Script | None] = {}
    sources: tuple[str, ...] = ()
    links: dict[str, str] = {}
    privileged: dict[str, Privilege] = {}
    secrets: tuple[SecretPlace, ...] = ()
    linked: dict[str, ElfLinks] = {}
    libraries: tuple[str, ...] = ()


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(LayerFacts)


def encode_facts(facts: LayerFacts) -> bytes:
    """Bytes for a cache; equal facts give equal bytes."""
    return _encoder.encode(facts)


def decode_facts(content: bytes) -> LayerFacts | None:
    """The facts, or None where the bytes are damaged or of another reader."""
    try:
        return _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
