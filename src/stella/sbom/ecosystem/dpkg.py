"""dpkg databases. Source: dpkg's manual page deb822(5), and distroless' ``status.d``."""

import re

from stella.sbom.ecosystem.lists import Gaps
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import OwnedPaths, SystemPackage, SystemPackages
from stella.sbom.limits import Limits

# The second of each where nothing below /var may lie in an image (image-based systems).
_STATUS = ("var/lib/dpkg/status", "usr/lib/dpkg/status")
_STATUS_DIRECTORY = ("var/lib/dpkg/status.d/", "usr/lib/dpkg/status.d/")
_INFO_DIRECTORY = ("var/lib/dpkg/info/", "usr/lib/dpkg/info/")

_ABSENT = frozenset({"not-installed", "config-files"})
_SOURCE = re.compile(r"(?P<name>\S+)(?:\s+\((?P<version>[^()\s]+)\))?\Z")
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*\Z", re.IGNORECASE)
_VERSION = re.compile(r"[0-9A-Za-z.+:~-]{1,256}\Z")
_WANTED = ("Package", "Status", "Version", "Architecture", "Source")


def parse_status(content: bytes, *, packages_max: int) -> SystemPackages:
    """The installed packages, sorted; stanzas that cannot be read are listed, never dropped silently.

    Half-installed and unpacked packages count: their files are there. Without ``Status`` (distroless)
    a stanza is an installed package.
    """
    packages: set[SystemPackage] = set()
    broken = Gaps()
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    for stanza in text.split("\n\n"):
        if not stanza.strip():
            continue
        if len(packages) >= packages_max:
            broken.append(f"more than {packages_max} packages, the rest is not read")
            break
        fields = _fields(stanza)
        status = fields.get("Status", "install ok installed").split()
        if status and status[-1] in _ABSENT:
            continue
        package = _package(fields)
        if isinstance(package, SystemPackage):
            packages.add(package)
        else:
            broken.note(package)
    return SystemPackages(
        tuple(sorted(packages, key=lambda package: (package.name, package.architecture))),
        tuple(broken),
    )


def parse_owned(path: str, content: bytes, _: Limits) -> OwnedPaths:
    """What ``PACKAGE.list`` or ``PACKAGE:ARCHITECTURE.list`` names."""
    package = path.rpartition("/")[2].removesuffix(".list").partition(":")[0]
    text = content.decode("utf-8", "replace").replace("\n/", "\n").removeprefix("/")
    return OwnedPaths(package, tuple(text.split("\n")))


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in stanza.split("\n"):
        if line[:1] in {" ", "\t"}:
            continue
        key, colon, value = line.partition(":")
        if colon and key in _WANTED and key not in fields:
            fields[key] = value.strip()
    return fields


def _package(fields: dict[str, str]) -> SystemPackage | str:
    """The package, or what is wrong with its stanza."""
    name, version = fields.get("Package", ""), fields.get("Version", "")
    if not _NAME.match(name):
        return f"a stanza without a usable Package field: {name[:60]!r}"
    if not _VERSION.match(version):
        return f"package {name[:60]} has no usable Version: {version[:60]!r}"
    source = _SOURCE.match(fields.get("Source", ""))
    return SystemPackage(
        kind="deb",
        name=name,
        version=version,
        architecture=fields.get("Architecture", ""),
        source_name=source["name"] if source else name,
        source_version=(source["version"] if source else None) or version,
    )


def _parse(_: str, content: bytes, limits: Limits) -> SystemPackages:
    return parse_status(content, packages_max=limits.packages_max)


STATUS = EcosystemReader(
    _parse,
    names=frozenset({"status"}),
    wants=lambda path: path in _STATUS or path.startswith(_STATUS_DIRECTORY),
    containers=frozenset({"dpkg", "status.d"}),
)
SINGLE = EcosystemReader(
    _parse,
    directories=_STATUS_DIRECTORY,
    wants=lambda path: not path.endswith(".md5sums"),
)
OWNED = EcosystemReader(
    parse_owned,
    suffixes=frozenset({".list"}),
    wants=lambda path: path.startswith(_INFO_DIRECTORY),
)
