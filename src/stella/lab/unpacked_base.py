"""The Debian base of the demo's images where we are not root: packages put into a tar, none installed.

No script of a package runs. What three of them would have made is made here: users and groups of
``base-passwd``, the name service's configuration of ``base-files``, Python's compiled library.
"""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from stella.lab.base_image import LEFT_OUT, debian_base_path, debian_mirror
from stella.lab.errors import CommandFailed
from stella.lab.packages import Package, PackageSource, info_name, status_file
from stella.lab.process import run_command

# usr-is-merged: in its place a script would move the folders, and it wants the whole of Perl.
WANTED = ("python3", "usr-is-merged", "?essential")

_PYTHON = (3, 11)  # the suite's: compiled files are for one version alone
_PYTHON_PROGRAM = "python3.11"

_MERGED = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
_COPIES = {
    "usr/share/base-passwd/passwd.master": "etc/passwd",
    "usr/share/base-passwd/group.master": "etc/group",
    "usr/share/base-files/nsswitch.conf": "etc/nsswitch.conf",
}


def unpacked_base(cache: Path | None = None) -> Path:
    """A tar of Debian 12 with Python, made at the first call (a quarter of a minute).

    A base that debootstrap made before is taken as it is. Raises LabUnavailable where apt or a
    source of the suite is missing, PackagesNotFetched.
    """
    made_as_root = debian_base_path(cache)
    if made_as_root.exists():
        return made_as_root
    target = made_as_root.with_name(f"{made_as_root.stem}-unpacked.tar")
    if target.exists():
        return target
    debian_mirror(Path("/etc/apt"))  # the images want the Python of this very suite
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stella-base-") as temporary:
        packages = PackageSource(Path(temporary)).closure(WANTED)
        draft = target.with_suffix(f".{os.getpid()}.new")
        try:
            assemble(packages, draft)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    return target


def assemble(packages: Sequence[Package], target: Path) -> None:
    """Write the packages' files as one root file system, owners and modes as the packages say.

    ``/bin``, ``/lib`` and ``/sbin`` are links into ``/usr``, and dpkg's database lists everything.
    """
    with (
        tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive,
        tempfile.TemporaryDirectory(prefix="stella-compiled-") as sources,
    ):
        tree = _Tree(archive, Path(sources))
        for package in packages:
            listed = tree.add_package(package)
            text = "".join(f"/{name}\n" if name != "." else "/.\n" for name in listed)
            tree.add_file(f"var/lib/dpkg/info/{info_name(package)}.list", text.encode())
        tree.add_file("var/lib/dpkg/status", status_file(packages).encode())
        tree.finish()


class _Tree:
    """The root file system while it is written; a path is written once."""

    def __init__(self, archive: tarfile.TarFile, sources: Path) -> None:
        self._archive = archive
        self._sources = sources  # Python's library once more, to be compiled
        self._seen: set[str] = set()
        self._copies: dict[str, bytes] = {}

    def add_package(self, package: Package) -> list[str]:
        """Write its files, with where they lie now; the result is the paths as the package has them."""
        listed = []
        with tempfile.TemporaryFile() as content:
            subprocess.run(
                ["dpkg-deb", "--fsys-tarfile", str(package.file)],
                stdin=subprocess.DEVNULL,
                stdout=content,
                check=True,
            )
            content.seek(0)
            with tarfile.open(fileobj=content, mode="r:") as files:
                for member in files:
                    listed.append(member.name.removeprefix("./"))
                    self._add_member(member, files)
        return listed

    def _add_member(self, member: tarfile.TarInfo, files: tarfile.TarFile) -> None:
        name = merged(member.name.removeprefix("./"))
        is_left_out = name.startswith(tuple(f"{folder}/" for folder in LEFT_OUT))
        if name in self._seen or name in {".", *_MERGED} or is_left_out:
            return
        self._seen.add(name)
        member.name = name
        if member.islnk():
            member.linkname = merged(member.linkname.removeprefix("./"))
        content = files.extractfile(member) if member.isreg() else None
        if content is not None and (name in _COPIES or _is_library(name)):
            data = content.read()
            content.seek(0)
            if name in _COPIES:
                self._copies[_COPIES[name]] = data
            else:
                (self._sources / name).parent.mkdir(parents=True, exist_ok=True)
                (self._sources / name).write_bytes(data)
        self._archive.addfile(member, content)

    def add_file(self, name: str, content: bytes) -> None:
        """A file of root's that everybody may read; nothing where there is one."""
        if name in self._seen:
            return
        self._seen.add(name)
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        entry.mode = 0o644
        entry.uname = entry.gname = "root"
        self._archive.addfile(entry, io.BytesIO(content))

    def finish(self) -> None:
        """What the packages' own scripts would have made, and the links into ``/usr``."""
        for name, content in self._copies.items():
            self.add_file(name, content)
        for compiled in _compiled(self._sources):
            self.add_file(str(compiled.relative_to(self._sources)), compiled.read_bytes())
        for name in _MERGED:
            if any(one.startswith(f"usr/{name}/") for one in self._seen):
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
                self._archive.addfile(entry)


def _is_library(name: str) -> bool:
    return name.startswith("usr/lib/python3") and name.endswith(".py")


def _compiled(sources: Path) -> list[Path]:
    """What the Python of the suite makes of its library; nothing where this machine has none.

    Without it each start of Python compiles what it imports, once a second for each health check.
    """
    interpreter = (
        sys.executable if sys.version_info[:2] == _PYTHON else shutil.which(_PYTHON_PROGRAM)
    )
    if interpreter is None:
        return []
    compileall = [
        interpreter,
        "-m",
        "compileall",
        "-q",
        "-j2",
        "--invalidation-mode=unchecked-hash",
    ]
    with contextlib.suppress(CommandFailed):  # one file that does not compile is no reason
        run_command([*compileall, "-s", str(sources), "-p", "/", str(sources)], timeout_s=600)
    return sorted(sources.rglob("*.pyc"))


def merged(name: str) -> str:
    """``usr/bin/sh`` for ``bin/sh``: where it lies once ``/bin`` is a link."""
    return f"usr/{name}" if name.partition("/")[0] in _MERGED and "/" in name else name
