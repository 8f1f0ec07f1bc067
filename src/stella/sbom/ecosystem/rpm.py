"""rpm's database, whatever it is kept in. Source: rpm.org, "RPM v4 header format" and its tags."""

import re
import struct
from collections.abc import Iterator

from stella.sbom.ecosystem.lists import Gaps
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.ecosystem.rpmdb import (
    SQLITE_MAGIC,
    BrokenDatabase,
    bdb_headers,
    is_bdb,
    ndb_headers,
    sqlite_headers,
)
from stella.sbom.facts import OwnedPaths, SystemPackage, SystemPackages, Unread
from stella.sbom.limits import Limits
from stella.sbom.package_purl import source_rpm

_PLACES = (
    "var/lib/rpm/",
    "usr/lib/sysimage/rpm/",
    "usr/share/rpm/",  # ostree
    "var/lib/rpmmanifest/",  # CBL-Mariner's distroless
)
_NAME_TAG, _VERSION_TAG, _RELEASE_TAG, _EPOCH_TAG = 1000, 1001, 1002, 1003
_LICENCE_TAG, _ARCHITECTURE_TAG, _SOURCE_TAG = 1014, 1022, 1044
_DIRECTORY_INDEX_TAG, _BASE_NAMES_TAG, _DIRECTORIES_TAG, _MODULE_TAG = 1116, 1117, 1118, 5096
_INT32, _STRING, _STRINGS, _TRANSLATED = 4, 6, 8, 9
_WANTED = frozenset(
    {
        *(_NAME_TAG, _VERSION_TAG, _RELEASE_TAG, _EPOCH_TAG, _LICENCE_TAG, _ARCHITECTURE_TAG),
        *(_SOURCE_TAG, _DIRECTORY_INDEX_TAG, _BASE_NAMES_TAG, _DIRECTORIES_TAG, _MODULE_TAG),
    }
)
_ENTRIES_MAX = 65_536
_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9._+-]{0,254}\Z")
_VERSION = re.compile(r"[0-9A-Za-z._+~^]{1,200}\Z")


def parse_database(_: str, content: bytes, limits: Limits) -> SystemPackages | Unread:
    """Installed packages, sorted. ``gpg-pubkey`` entries are keys, no packages, and are left out."""
    if not content:
        return SystemPackages(())
    if content.startswith(SQLITE_MAGIC):
        headers = sqlite_headers(content)
    elif content.startswith(b"RpmP"):
        headers = ndb_headers(content)
    elif is_bdb(content):
        headers = bdb_headers(content)
    else:
        return Unread(
            "it is no rpm database of a kind that is read (sqlite, ndb, Berkeley DB hash)"
        )
    return _collected(headers, limits)


def parse_manifest(_: str, content: bytes, limits: Limits) -> SystemPackages:
    """``container-manifest-2``: a line a package, as ``rpm --qf`` writes it on distroless systems."""
    packages: set[SystemPackage] = set()
    broken = Gaps()
    lines = content.decode("utf-8", "replace").splitlines()
    for line in broken.first(lines, limits.packages_max, "lines"):
        fields = line.split("\t")
        if len(fields) < 10:
            if line.strip():
                broken.note(f"a line that is no package: {line[:60]!r}")
            continue
        version, _dash, release = fields[1].rpartition("-")
        made = _package(
            {
                _NAME_TAG: fields[0],
                _VERSION_TAG: version,
                _RELEASE_TAG: release,
                _ARCHITECTURE_TAG: fields[7],
                _EPOCH_TAG: int(fields[8]) if fields[8].isdecimal() else 0,
                _SOURCE_TAG: fields[9],
            }
        )
        if isinstance(made, SystemPackage):
            packages.add(made)
        else:
            broken.note(made)
    return SystemPackages(tuple(sorted(packages, key=_order)), tuple(broken))


def _collected(headers: Iterator[bytes], limits: Limits) -> SystemPackages:
    packages: set[SystemPackage] = set()
    owned: list[OwnedPaths] = []
    broken = Gaps()
    try:
        for header in headers:
            if len(packages) >= limits.packages_max:
                broken.append(f"more than {limits.packages_max} packages, the rest is not read")
                break
            try:
                tags = read_header(header)
            except (BrokenDatabase, struct.error) as error:
                made: SystemPackage | str = f"a header that cannot be read: {error}"
            else:
                if tags.get(_NAME_TAG) == "gpg-pubkey":
                    continue
                made = _package(tags)
            if isinstance(made, SystemPackage):
                packages.add(made)
                owned.append(OwnedPaths(made.name, tuple(_owned(tags))))
            else:
                broken.note(made)
    except (BrokenDatabase, struct.error, IndexError) as error:
        broken.append(f"the rest of the database cannot be read: {error}")
    return SystemPackages(tuple(sorted(packages, key=_order)), tuple(broken), tuple(owned))


def read_header(blob: bytes) -> dict[int, object]:
    """Tag -> text, number, or list of either. Raises BrokenDatabase, struct.error.

    The blob: number of entries, bytes of data, entries of (tag, type, offset, count), data.
    """
    entries, data_bytes = struct.unpack_from(">II", blob)
    start = 8 + 16 * entries
    if not 0 < entries <= _ENTRIES_MAX or start + data_bytes > len(blob):
        raise BrokenDatabase("its lengths contradict each other")
    data = blob[start : start + data_bytes]
    tags: dict[int, object] = {}
    for tag, kind, offset, count in struct.iter_unpack(">IIiI", blob[8:start]):
        if tag not in _WANTED or tag in tags:
            continue
        if not 0 <= offset < len(data) or count > len(data):
            raise BrokenDatabase(f"tag {tag} lies outside of it")
        if kind == _INT32:
            numbers = list(struct.unpack_from(f">{count}I", data, offset))
            tags[tag] = numbers if tag == _DIRECTORY_INDEX_TAG else (numbers or [0])[0]
        elif kind in (_STRING, _TRANSLATED):
            tags[tag] = data[offset : data.find(b"\0", offset)].decode("utf-8", "replace")
        elif kind == _STRINGS:
            tags[tag] = data[offset:].split(b"\0", count)[:count]
    return tags


def _package(tags: dict[int, object]) -> SystemPackage | str:
    name, version, release = (
        str(tags.get(tag, "")) for tag in (_NAME_TAG, _VERSION_TAG, _RELEASE_TAG)
    )
    if not _NAME.match(name):
        return f"a header without a usable name: {name[:60]!r}"
    if not _VERSION.match(version) or not _VERSION.match(release):
        return f"package {name} has no usable version: {version[:60]!r}, {release[:60]!r}"
    epoch = tags.get(_EPOCH_TAG, 0)
    before = f"{epoch}:" if isinstance(epoch, int) and epoch else ""
    full = f"{before}{version}-{release}"
    source = source_rpm(str(tags.get(_SOURCE_TAG, "")))
    architecture = str(tags.get(_ARCHITECTURE_TAG, ""))
    return SystemPackage(
        kind="rpm",
        name=name,
        version=full,
        architecture="" if architecture == "(none)" else architecture,
        source_name=source[0] if source else name,
        # A source package has the epoch of what is built from it.
        source_version=f"{before}{source[1]}" if source else full,
        licence=str(tags.get(_LICENCE_TAG, ""))[:300],
        module=str(tags.get(_MODULE_TAG, ""))[:300],
    )


def _owned(tags: dict[int, object]) -> Iterator[str]:
    names, directories = tags.get(_BASE_NAMES_TAG), tags.get(_DIRECTORIES_TAG)
    indexes = tags.get(_DIRECTORY_INDEX_TAG)
    if not (isinstance(names, list) and isinstance(directories, list)):
        return
    if not isinstance(indexes, list):
        return
    for name, index in zip(names, indexes, strict=False):
        if index < len(directories):
            yield (directories[index] + name).decode("utf-8", "backslashreplace").lstrip("/")


def _order(package: SystemPackage) -> tuple[str, str, str]:
    return (package.name, package.version, package.architecture)


READER = EcosystemReader(
    parse_database,
    names=frozenset({"rpmdb.sqlite", "Packages.db", "Packages"}),
    wants=lambda path: path.rpartition("/")[0] + "/" in _PLACES,
    containers=frozenset({"rpm"}),
)
MANIFEST = EcosystemReader(
    parse_manifest,
    names=frozenset({"container-manifest-2"}),
    wants=lambda path: path.rpartition("/")[0] + "/" in _PLACES,
)
