"""A plugin as a wheel: read as bytes, bounded, its digests checked; none of its code runs.

Source: packaging.python.org, "Binary distribution format".
"""

import base64
import csv
import hashlib
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from stella.kernel import Digest, Remedy, digest_of
from stella.plugin.contract.core import Manifest
from stella.plugin.installed import GROUP, entry_points_in
from stella.plugin.manifest import MANIFEST_FILE, parse_manifest
from stella.plugin.refusals import MalformedWheel, PluginChanged

ENTRY_FILE = "stella-entry-point"
"""Beside the files of an installed version: ``module:attribute``."""
_INSTALL = "stella plugin install WHEEL"
WHEEL_BYTES_MAX = 50 * 1024 * 1024
_FILES_MAX = 5_000
_TOTAL_BYTES_MAX = 200 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}\Z")
_OURS = re.compile(r"stella[-_.]ops\b", re.IGNORECASE)
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_PART_BYTES_MAX = 200
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)
_UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")


@dataclass(frozen=True, slots=True)
class PluginWheel:
    """What a wheel holds. digest: of its bytes. entry_point: ``module:attribute``.

    files: path -> content.
    """

    digest: Digest
    manifest: Manifest
    entry_point: str
    files: Mapping[str, bytes]

    @property
    def laid_out(self) -> dict[str, bytes]:
        """Every file of an installed version: path -> content."""
        return {**self.files, ENTRY_FILE: self.entry_point.encode()}

    @property
    def tree(self) -> str:
        """Digest of the files of an installed version, as ``tree_on_disk`` computes it."""
        hashed = {path: Digest.of(content) for path, content in self.laid_out.items()}
        return _tree(hashed)


def tree_on_disk(folder: Path) -> str:
    """Digest of every file below ``folder``; empty where that is no folder, or cannot be read."""
    try:
        found = {
            str(one.relative_to(folder)): Digest.of(one.read_bytes())
            for one in folder.rglob("*")
            if one.is_symlink() or not one.is_dir()
        }
    except OSError:
        return ""
    return _tree(found) if found else ""


def changed_files(name: str, version: str) -> PluginChanged:
    """The refusal of a version whose files are not those of its wheel."""
    return PluginChanged(
        f"the files of the plugin {name} {version} are not those that were installed",
        remedy=Remedy("Install it again, and find out who changed them.", _INSTALL),
        plugin=name,
        version=version,
    )


def _tree(files: Mapping[str, Digest]) -> str:
    return digest_of({path: digest.text for path, digest in files.items()}).text


def read_wheel(content: bytes) -> PluginWheel:
    """Raises MalformedWheel, MalformedManifest."""
    if len(content) > WHEEL_BYTES_MAX:
        raise malformed(f"it has more than {WHEEL_BYTES_MAX >> 20} MiB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = dict(_files(archive))
    except _UNREADABLE as error:
        raise malformed("it is no zip archive that can be read") from error
    _check_folders(files)
    metadata = _metadata_folder(files)
    _check_tags(_text(files, f"{metadata}/WHEEL"))
    _check_requirements(_text(files, f"{metadata}/METADATA"))
    _check_record(files, metadata)
    points = dict(entry_points_in(_text(files, f"{metadata}/entry_points.txt"), GROUP))
    if len(points) != 1:
        raise malformed(f"it names {len(points)} entry points in {GROUP}, not one")
    ((name, place),) = points.items()
    module = place.partition(":")[0]
    manifest_path = f"{module.replace('.', '/')}/{MANIFEST_FILE}"
    if manifest_path not in files:
        raise malformed(f"it has no {manifest_path}")
    manifest = parse_manifest(files[manifest_path])
    if manifest.name != name:
        raise malformed(f"its entry point is named {name[:60]}, its manifest {manifest.name}")
    return PluginWheel(Digest.of(content), manifest, place, files)


def malformed(why: str) -> MalformedWheel:
    """The refusal of a wheel."""
    return MalformedWheel(
        f"the wheel cannot be installed: {why}",
        remedy=Remedy("Build it as the guide for plugin authors says; nothing was installed."),
        why=why,
    )


def _files(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    listed = archive.infolist()
    if len(listed) > _FILES_MAX or sum(one.file_size for one in listed) > _TOTAL_BYTES_MAX:
        raise malformed(f"it holds more than {_FILES_MAX} files or {_TOTAL_BYTES_MAX >> 20} MiB")
    seen: set[str] = set()
    for one in listed:
        path = PurePosixPath(one.filename)
        is_outside = path.is_absolute() or ".." in path.parts or "\\" in one.filename
        if is_outside or not one.filename.isprintable() or one.filename.lower() in seen:
            raise malformed(f"it holds a file that may not be: {one.filename[:80]!r}")
        if any(len(part.encode()) > _PART_BYTES_MAX for part in path.parts):
            raise malformed(f"it holds a file whose name is too long: {one.filename[:80]!r}")
        if one.compress_type not in _METHODS:
            raise malformed(f"{one.filename[:80]!r} is packed in a way that wheels are not")
        seen.add(one.filename.lower())
        if stat.S_IFMT(one.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise malformed(f"{one.filename[:80]!r} is no plain file")
        if one.is_dir():
            continue
        with archive.open(one) as opened:
            held = opened.read(one.file_size + 1)
        if len(held) != one.file_size:
            raise malformed(f"{one.filename[:80]!r} has another size than it says")
        yield str(path), held


def _check_folders(files: Mapping[str, bytes]) -> None:
    """What is a file is no folder as well, in whatever case a disk compares."""
    plain = {path.lower() for path in files}
    for path in files:
        for folder in PurePosixPath(path.lower()).parents:
            if str(folder) in plain:
                raise malformed(f"{str(folder)[:80]!r} is a file and a folder")


def _metadata_folder(files: Mapping[str, bytes]) -> str:
    found = {
        path.partition("/")[0] for path in files if path.partition("/")[0].endswith(".dist-info")
    }
    if len(found) != 1 or not _NAME.match(next(iter(found))):
        raise malformed("it has not one .dist-info folder")
    return found.pop()


def _text(files: Mapping[str, bytes], path: str) -> str:
    try:
        return files[path].decode()
    except (KeyError, UnicodeDecodeError):
        raise malformed(f"it has no readable {path}") from None


def _check_tags(text: str) -> None:
    """Only what runs everywhere: a compiled part would have to be judged for each machine."""
    headers = HeaderParser().parsestr(text)
    if headers.get("Root-Is-Purelib", "").strip().lower() != "true":
        raise malformed("it holds compiled parts; a plugin is Python alone")
    if not any(tag.strip().endswith("-none-any") for tag in headers.get_all("Tag", [])):
        raise malformed("it is not for every machine (none-any)")


def _check_requirements(text: str) -> None:
    """Nothing is fetched when a plugin is installed."""
    needed = [
        one
        for one in HeaderParser().parsestr(text).get_all("Requires-Dist", [])
        if not _OURS.match(one) and "extra ==" not in one
    ]
    if needed:
        raise malformed(
            f"it needs {', '.join(one[:60] for one in needed)}: put that into the wheel"
        )


def _check_record(files: Mapping[str, bytes], metadata: str) -> None:
    rows = csv.reader(io.StringIO(_text(files, f"{metadata}/RECORD")))
    try:
        hashes = {row[0]: row[1] for row in rows if len(row) == 3}
    except csv.Error as error:
        raise malformed("its RECORD is no table") from error
    for path, content in files.items():
        said = hashes.get(path)
        if path.startswith(f"{metadata}/") and path.rpartition("/")[2] in _UNHASHED:
            continue
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        if said != f"sha256={digest}":
            raise malformed(f"{path[:80]!r} is not what RECORD says")
