"""Debian packages without root: the whole closure, and a database that our own scan reads."""

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from stella.lab import PackagesNotFetched
from stella.lab.packages import PackageSource, info_name, status_file
from stella.lab.unpacked_base import assemble, merged
from stella.sbom.ecosystem.dpkg import parse_status

pytestmark = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="dpkg-deb is missing: run it on Debian"
)

SHELL = "Package: shell\nEssential: yes\nDepends: runtime (>= 2)\n"
RUNTIME = "Package: runtime\nVersion: 2.1-3\nMulti-Arch: same\nSource: runtime-src (2.1)\n"
PROGRAM = "Package: program\nDepends: missing-one | shell-alternative, runtime\n"
ALTERNATIVE = "Package: alternative\nProvides: shell-alternative\nRecommends: unwanted\n"
UNWANTED = "Package: unwanted\n"


class Repository:
    """A repository of packages of the test's own, in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._index: list[str] = []
        self.sources = directory / "sources.list"
        self.sources.write_text(f"deb [trusted=yes] file:{directory} ./\n")

    def add(self, fields: str, files: dict[str, str]) -> None:
        name = fields.splitlines()[0].partition(": ")[2]
        tree = self._directory / f"tree-{name}"
        version = "" if "Version:" in fields else "Version: 1.0\n"
        control = (
            f"{fields}{version}Architecture: amd64\n"
            "Maintainer: Nobody <nobody@example.org>\nDescription: a package\n of two lines\n"
        )
        for path, text in {"DEBIAN/control": control, **files}.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
        (tree / f"lib/{name}.so").parent.mkdir(exist_ok=True)
        (tree / f"lib/{name}.so").symlink_to("elsewhere")
        file = self._directory / f"{name}.deb"
        build = ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(file)]
        subprocess.run(build, check=True, capture_output=True)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        size = file.stat().st_size
        self._index.append(f"{control}Filename: ./{name}.deb\nSize: {size}\nSHA256: {digest}\n")
        (self._directory / "Packages").write_text("\n".join(self._index))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    (tmp_path / "repository").mkdir()
    made = Repository(tmp_path / "repository")
    made.add(SHELL, {"bin/shell": "a shell"})
    made.add(RUNTIME, {"usr/share/base-passwd/passwd.master": "root:*:0:0::/root:/bin/shell\n"})
    made.add(PROGRAM, {"usr/bin/program": "a program", "usr/share/man/man1/program.1": "long"})
    made.add(ALTERNATIVE, {"usr/bin/alternative": "another"})
    made.add(UNWANTED, {"usr/bin/unwanted": "only recommended"})
    return made


def source(repository: Repository, tmp_path: Path) -> PackageSource:
    (tmp_path / "apt").mkdir()
    return PackageSource(tmp_path / "apt", sources=repository.sources)


def test_the_closure_has_what_is_depended_on_and_essential_and_no_more(
    repository: Repository, tmp_path: Path
) -> None:
    packages = source(repository, tmp_path).closure(["program", "?essential"])
    assert [one.name for one in packages] == ["alternative", "program", "runtime", "shell"]


def test_one_package_comes_alone(repository: Repository, tmp_path: Path) -> None:
    assert source(repository, tmp_path).single("program").field("Version") == "1.0"


def test_a_package_that_is_nowhere_is_refused(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(PackagesNotFetched, match="nowhere"):
        source(repository, tmp_path).closure(["nowhere"])


def test_our_scan_reads_the_status_file(repository: Repository, tmp_path: Path) -> None:
    packages = source(repository, tmp_path).closure(["program", "?essential"])
    read = parse_status(status_file(packages).encode(), packages_max=10)
    assert read.broken == ()
    assert [(one.name, one.version) for one in read.packages] == [
        ("alternative", "1.0"),
        ("program", "1.0"),
        ("runtime", "2.1-3"),
        ("shell", "1.0"),
    ]
    runtime = read.packages[2]
    assert (runtime.source_name, runtime.source_version) == ("runtime-src", "2.1")


def test_the_tar_is_a_root_file_system_with_merged_folders_and_a_database(
    repository: Repository, tmp_path: Path
) -> None:
    packages = source(repository, tmp_path).closure(["program", "?essential"])
    assemble(packages, tmp_path / "base.tar")
    with tarfile.open(tmp_path / "base.tar") as archive:
        entries = {one.name: one for one in archive}
        assert len(entries) == len(archive.getnames()), "no path is there twice"
        assert entries["bin"].linkname == "usr/bin"
        assert entries["lib"].linkname == "usr/lib"
        assert "bin/shell" not in entries
        assert entries["usr/bin/shell"].uid == 0
        assert entries["usr/lib/runtime.so"].linkname == "elsewhere"
        assert not any(name.startswith("usr/share/man/") for name in entries)
        assert archive.extractfile("etc/passwd").read().startswith(b"root:")
        listed = archive.extractfile("var/lib/dpkg/info/shell.list").read().decode()
        assert "/bin/shell\n" in listed
        assert info_name(packages[2]) == "runtime:amd64"
        assert "var/lib/dpkg/info/runtime:amd64.list" in entries
        status = archive.extractfile("var/lib/dpkg/status").read().decode()
    assert status == status_file(packages)


@pytest.mark.parametrize(
    ("name", "lies"),
    [
        ("bin/sh", "usr/bin/sh"),
        ("lib64/ld.so", "usr/lib64/ld.so"),
        ("usr/bin/sh", "usr/bin/sh"),
        ("library/x", "library/x"),
        ("bin", "bin"),
    ],
)
def test_where_a_path_lies_once_the_folders_are_merged(name: str, lies: str) -> None:
    assert merged(name) == lies
