"""Java archives: jar, war, ear and what is built like them, archives within archives included.

Source: maven.apache.org, "Maven Archiver" (pom.properties); the JAR File Specification (MANIFEST.MF);
OSGi Core, "Bundle manifest headers".
"""

import io
import re
from dataclasses import dataclass, field
from typing import BinaryIO

from stella.sbom.ecosystem.lists import Gaps
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.ecosystem.zip import (
    BrokenZip,
    Member,
    Piece,
    content_of,
    is_stored,
    members,
    place_of,
)
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread
from stella.sbom.limits import Limits

_SUFFIXES = (".jar", ".war", ".ear", ".hpi", ".jpi", ".par", ".sar")
_PROPERTIES = "/pom.properties"
_MANIFEST = "meta-inf/manifest.mf"
_WANTED = (*_SUFFIXES, _PROPERTIES, _MANIFEST)
_TEXT_BYTES_MAX = 1024 * 1024
_DEPTH_MAX = 5
_FILES_MAX = 20_000
_INNER_BYTES_MAX = 32 * 1024 * 1024
_UNPACKED_BYTES_MAX = 1024 * 1024 * 1024
# Up to the first part of a name that begins with a digit: commons-io-2.11.0, guava-31.1-jre.
_FILE_NAME = re.compile(
    r"(?P<artifact>[A-Za-z][A-Za-z0-9._+-]*?)-(?P<version>[0-9][A-Za-z0-9._+-]*)\Z"
)
_ARTIFACT = re.compile(r"[A-Za-z0-9_.-]{1,200}\Z")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+~-]{0,199}\Z")


@dataclass(slots=True)
class _Collected:
    """What one file on disk gave, however deep it lay, and what it may still cost."""

    found: dict[LanguagePackage, None] = field(default_factory=dict)
    broken: Gaps = field(default_factory=Gaps)
    files_left: int = _FILES_MAX
    bytes_left: int = _UNPACKED_BYTES_MAX
    inner_left: int = _INNER_BYTES_MAX  # of packed archives held at the same time

    def gap(self, within: str, why: object) -> None:
        self.broken.note(f"{within or 'the archive'}: {why}")


def parse_archive(path: str, file: BinaryIO, _: Limits) -> LanguagePackages | Unread:
    """A package for each pom.properties; for an archive that has none of its own, one by its manifest
    and its name.
    """
    collected = _Collected()
    try:
        _archive(collected, Piece.of(file), path.rpartition("/")[2], "", 0)
    except BrokenZip as error:
        return Unread(f"no Java archive that can be read: {error}")
    order = sorted(collected.found, key=lambda one: (one.within, one.name, one.version))
    return LanguagePackages(tuple(order), tuple(collected.broken))


def _archive(collected: _Collected, archive: Piece, name: str, within: str, depth: int) -> None:
    """Raises BrokenZip where not even its list of files can be read."""
    artifacts: set[str] = set()
    manifest: dict[str, str] = {}
    for member in members(archive, _WANTED):
        lower = member.name.lower()
        if not lower.endswith(_SUFFIXES) and lower != _MANIFEST and "meta-inf/maven/" not in lower:
            continue
        collected.files_left -= 1
        if collected.files_left < 0:
            collected.gap("", f"more than {_FILES_MAX} files of interest, the rest is not read")
            break
        place = f"{within}!/{member.name}" if within else member.name
        try:
            if lower.endswith(_SUFFIXES):
                _inner(collected, archive, member, place, depth + 1)
            elif lower == _MANIFEST:
                manifest = _manifest(_text(collected, archive, member))
            else:
                package = _by_properties(_text(collected, archive, member), within)
                collected.found[package] = None
                artifacts.add(package.name.rpartition(":")[2])
        except BrokenZip as error:
            collected.gap(place, error)
    own = _by_manifest(name, manifest, artifacts, within)
    if own:
        collected.found[own] = None


def _inner(collected: _Collected, archive: Piece, member: Member, place: str, depth: int) -> None:
    """An archive within: as it lies there, or unpacked into memory within what is left of it."""
    if depth > _DEPTH_MAX:
        raise BrokenZip(f"archives deeper than {_DEPTH_MAX} are not read")
    name = member.name.rpartition("/")[2]
    if is_stored(member):
        _archive(collected, place_of(archive, member), name, place, depth)
        return
    most = min(collected.inner_left, collected.bytes_left)
    content = content_of(archive, member, most)
    collected.bytes_left -= len(content)
    collected.inner_left -= len(content)
    try:
        _archive(collected, Piece.of(io.BytesIO(content)), name, place, depth)
    finally:
        collected.inner_left += len(content)


def _text(collected: _Collected, archive: Piece, member: Member) -> str:
    content = content_of(archive, member, min(_TEXT_BYTES_MAX, collected.bytes_left))
    collected.bytes_left -= len(content)
    return content.decode("utf-8", "replace")


def _by_properties(text: str, within: str) -> LanguagePackage:
    """Raises BrokenZip for one that names no package."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.lstrip().startswith(("#", "!")):
            fields.setdefault(key.strip(), value.strip())
    group, artifact = fields.get("groupId", ""), fields.get("artifactId", "")
    version = fields.get("version", "")
    if not (_ARTIFACT.match(group) and _ARTIFACT.match(artifact) and _VERSION.match(version)):
        raise BrokenZip(f"it names no package: {group[:40]!r} {artifact[:40]!r} {version[:40]!r}")
    return LanguagePackage("maven", f"{group}:{artifact}", version, within=within)


def _manifest(text: str) -> dict[str, str]:
    """The main section; a line that begins with a space goes on with the one before."""
    main = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
    fields: dict[str, str] = {}
    for line in re.sub(r"\r?\n ", "", main).splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), value.strip())
    return fields


def _by_manifest(
    file_name: str, manifest: dict[str, str], artifacts: set[str], within: str
) -> LanguagePackage | None:
    """The archive's own package; None where a pom.properties named it, or nothing does.

    Its group is what the manifest says; the artifact's own name where it says none.
    """
    stem = file_name[: file_name.rfind(".")]
    named = _FILE_NAME.match(stem)
    artifact = named["artifact"] if named else ""
    if artifacts and (not artifact or artifact in artifacts):
        return None
    symbolic = manifest.get("bundle-symbolicname", "").partition(";")[0].strip()
    version = named["version"] if named else ""
    version = version or manifest.get("implementation-version", "")
    version = version or manifest.get("bundle-version", "")
    if not artifact:
        title = manifest.get("implementation-title", "")
        artifact = stem if _ARTIFACT.match(stem) else title
        artifact = symbolic.rpartition(".")[2] if symbolic and artifact == "app" else artifact
    if not _ARTIFACT.match(artifact) or not _VERSION.match(version):
        return None
    group = manifest.get("implementation-vendor-id", "")
    if not _ARTIFACT.match(group) or " " in group:
        group = symbolic.removesuffix(f".{artifact}") if _ARTIFACT.match(symbolic) else ""
    licence = manifest.get("bundle-license", "")
    return LanguagePackage(
        "maven",
        f"{group or artifact}:{artifact}",
        version,
        licence if len(licence) <= 80 else "",
        within=within,
    )


READER = EcosystemReader(parse_open=parse_archive, suffixes=frozenset(_SUFFIXES))
