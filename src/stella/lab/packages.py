"""Debian packages without root: apt in a directory of its own, with the machine's own sources."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stella.kernel import Remedy
from stella.lab.errors import CommandFailed, LabUnavailable, PackagesNotFetched
from stella.lab.process import run_command

SUITE = "bookworm"

# An empty status: for this apt nothing is installed, so that it resolves the whole closure. Hooks
# of the machine are for the machine's own directories, and a plain user may not touch those.
_CONFIGURATION = """\
Dir::State "{directory}/state";
Dir::State::status "{directory}/state/status";
Dir::Cache "{directory}/cache";
Dir::Log "{directory}/log";
Debug::NoLocking "true";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
"""
# A machine may have other suites beside; the base is of this one, with its security updates.
_SUITE = f'APT::Default-Release "/^{SUITE}(|-security|-updates)$/";\n'
_SOURCES = 'Dir::Etc::sourcelist "{sources}";\nDir::Etc::sourceparts "/nonexistent";\n'

# "Inst libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64])", as apt-get --simulate has it.
_INSTALLS = re.compile(r"^Inst (\S+) \((\S+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Package:
    """A fetched package. control: its deb822 stanza, without an empty line at the end."""

    file: Path
    control: str

    @property
    def name(self) -> str:
        """The name, as dpkg knows it."""
        return self.field("Package")

    def field(self, name: str) -> str:
        """A one-line field of the stanza; empty where it is not there."""
        for line in self.control.splitlines():
            key, colon, value = line.partition(":")
            if colon and key == name:
                return value.strip()
        return ""


class PackageSource:
    """apt with lists and downloads below ``directory``; what is installed here means nothing to it.

    sources: a sources.list in place of the machine's own.
    """

    def __init__(self, directory: Path, *, sources: Path | None = None) -> None:
        missing = [name for name in ("apt-get", "dpkg-deb") if shutil.which(name) is None]
        if missing:
            raise LabUnavailable(
                f"Debian packages cannot be fetched here: the program {missing[0]} is missing",
                remedy=Remedy("Run it on Debian 12."),
                missing=missing,
            )
        self._directory = directory
        for name in ("state/lists/partial", "cache/archives/partial", "log"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        (directory / "state" / "status").touch()
        self._downloads = directory / "downloads"
        self._downloads.mkdir(exist_ok=True)
        self._configuration = directory / "apt.conf"
        self._configuration.write_text(
            _CONFIGURATION.format(directory=directory)
            + (_SUITE if sources is None else _SOURCES.format(sources=sources))
        )
        self._is_updated = False

    def closure(self, wanted: Sequence[str]) -> tuple[Package, ...]:
        """The wanted packages and all that they depend on, by name. Raises PackagesNotFetched.

        wanted: names, or patterns of apt such as ``?essential``.
        """
        said = self._apt(["install", "--simulate", "--no-install-recommends", *wanted])
        return self._download(*_INSTALLS.findall(said))

    def single(self, name: str) -> Package:
        """One package without what it depends on. Raises PackagesNotFetched."""
        (package,) = self._download((name, ""))
        return package

    def _download(self, *named: tuple[str, str]) -> tuple[Package, ...]:
        """Packages by name and, where it matters, version."""
        with tempfile.TemporaryDirectory(dir=self._directory) as empty:
            # apt's own verb for it: it copies from a mirror on a disk, where an install would not.
            words = [f"{name}={version}" if version else name for name, version in named]
            self._apt(["download", *words], Path(empty))
            files = [one.replace(self._downloads / one.name) for one in Path(empty).glob("*.deb")]
        return tuple(sorted(map(_package, files), key=lambda one: one.name))

    def _apt(self, arguments: Sequence[str], directory: Path | None = None) -> str:
        apt = ["apt-get", "-q", "-c", str(self._configuration)]
        try:
            if not self._is_updated:
                run_command([*apt, "update"], timeout_s=300)
                self._is_updated = True
            return run_command([*apt, *arguments], timeout_s=600, directory=directory)
        except CommandFailed as refusal:
            raise PackagesNotFetched(
                f"Debian packages could not be fetched without root: {refusal}",
                remedy=Remedy(
                    "See that this machine's apt sources can be reached.", "apt-cache policy"
                ),
                wanted=list(arguments),
            ) from refusal


def _package(file: Path) -> Package:
    return Package(file, run_command(["dpkg-deb", "--field", str(file)]).rstrip("\n"))


def status_file(packages: Sequence[Package]) -> str:
    """What dpkg would note of these packages in its ``status``.

    ``unpacked`` is the truth: their files are there, and no script of theirs has run.
    """
    return "\n".join(
        f"Package: {package.name}\nStatus: install ok unpacked\n"
        + "".join(
            f"{line}\n" for line in package.control.splitlines() if not line.startswith("Package:")
        )
        for package in sorted(packages, key=lambda one: one.name)
    )


def info_name(package: Package) -> str:
    """The stem of its files below ``/var/lib/dpkg/info`` (``libc6:amd64``, ``bash``)."""
    is_same = package.field("Multi-Arch") == "same"
    return f"{package.name}:{package.field('Architecture')}" if is_same else package.name
