"""dpkg databases. Source: dpkg's manual page deb822(5), and distroless' ``status.d``."""

import re
from collections.abc import Callable

from stella.sbom.facts import DpkgOwned, DpkgPackage, DpkgStatus

STATUS_PATH = "var/lib/dpkg/status"
STATUS_DIRECTORY = "var/lib/dpkg/status.d/"
INFO_DIRECTORY = "var/lib/dpkg/info/"

_ABSENT = frozenset({"not-installed", "config-files"})
_SOURCE = re.compile(r"(?P<name>\S+)(?:\s+\((?P<version>[^()\s]+)\))?\Z")
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*\Z", re.IGNORECASE)
_VERSION = re.compile(r"[0-9A-Za-z.+:~-]{1,256}\Z")
_WANTED = ("Package", "Status", "Version", "Architecture", "Source")
_BROKEN_MAX = 20


def parse_status(content: bytes, *, packages_max: int) -> DpkgStatus:
    """The installed packages, sorted; stanzas that cannot be read are listed, never dropped silently.

    Half-installed and unpacked packages count: their files are there. Without ``Status`` (distroless)
    a stanza is an installed package.
    """
    packages: set[DpkgPackage] = set()
    broken: list[str] = []
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
        if isinstance(package, DpkgPackage):
            packages.add(package)
        elif len(broken) < _BROKEN_MAX:
            broken.append(package)
    return DpkgStatus(
        tuple(sorted(packages, key=lambda package: (package.name, package.architecture))),
        tuple(broken),
    )


def parse_owned(content: bytes, is_of_interest: Callable[[str], bool]) -> DpkgOwned:
    """The paths of ``PACKAGE.list`` that are package metadata themselves."""
    lines = content.decode("utf-8", "replace").splitlines()
    paths = {line.lstrip("/") for line in lines if is_of_interest(line.lstrip("/"))}
    return DpkgOwned(tuple(sorted(paths)))


def merged_usr(path: str) -> str:
    """``usr/lib/x`` for ``lib/x``: dpkg's lists name either, the file is the same."""
    first = path.partition("/")[0]
    return f"usr/{path}" if first in {"bin", "sbin", "lib", "lib32", "lib64"} else path


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in stanza.split("\n"):
        if line[:1] in {" ", "\t"}:
            continue
        key, colon, value = line.partition(":")
        if colon and key in _WANTED and key not in fields:
            fields[key] = value.strip()
    return fields


def _package(fields: dict[str, str]) -> DpkgPackage | str:
    """The package, or what is wrong with its stanza."""
    name, version = fields.get("Package", ""), fields.get("Version", "")
    if not _NAME.match(name):
        return f"a stanza without a usable Package field: {name[:60]!r}"
    if not _VERSION.match(version):
        return f"package {name[:60]} has no usable Version: {version[:60]!r}"
    source = _SOURCE.match(fields.get("Source", ""))
    return DpkgPackage(
        name=name,
        version=version,
        architecture=fields.get("Architecture", ""),
        source_name=source["name"] if source else name,
        source_version=(source["version"] if source else None) or version,
    )
