"""What one layer says, as data: the same layer always says the same, so it is kept by digest."""

from typing import TypeAlias

import msgspec

READER_VERSION = 2
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
    packages installed, where the database itself lists them.
    """

    packages: tuple[SystemPackage, ...]
    broken: tuple[str, ...] = ()
    owned: tuple[str, ...] = ()


class OwnedPaths(msgspec.Struct, frozen=True, tag="owned", array_like=True):
    """Files of interest that the system package ``package`` installed, where a file lists them."""

    package: str
    paths: tuple[str, ...]


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


class LanguagePackages(msgspec.Struct, frozen=True, tag="language", array_like=True):
    """The packages that one file stands for. broken: what of it cannot be read."""

    packages: tuple[LanguagePackage, ...]
    broken: tuple[str, ...] = ()


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


FileFacts: TypeAlias = SystemPackages | OwnedPaths | LanguagePackages | OsRelease | Unread | Link


class LayerFacts(msgspec.Struct, frozen=True):
    """One layer. Paths are relative to the image's root, without first slash.

    files: of interest. removed: whited out below this layer, files or whole directories.
    opaque: directories whose content below this layer is hidden. replaced: what is no directory
    in this layer and may have been one below.
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
