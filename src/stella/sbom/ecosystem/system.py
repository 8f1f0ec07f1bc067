"""Which distribution an image is. Source: os-release(5), and the files that came before it."""

import re
from collections.abc import Callable

from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import OsRelease
from stella.sbom.limits import Limits

_WITHOUT_RELEASE = 10
_NAME = re.compile(r"[a-z0-9._-]{1,64}\Z")
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*\Z")
_RED_HAT = re.compile(r"(?P<name>.+?) (?:Linux )?release (?P<release>[0-9]+(?:\.[0-9]+)*)")
_RED_HAT_NAMES = {
    "red hat enterprise": "rhel",
    "red hat enterprise linux server": "rhel",
    "red hat enterprise linux": "rhel",
    "rocky": "rocky",
    "almalinux": "almalinux",
    "scientific": "scientific",
    "oracle": "ol",
    "fedora": "fedora",
    "centos": "centos",
}


def parse_os_release(content: bytes) -> OsRelease:
    """``ID-VERSION_ID``; a system without releases (Debian sid) is named by its codename."""
    fields: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            fields[key] = value.strip().strip("\"'")
    identity = fields.get("ID", "").lower()
    release = (fields.get("VERSION_ID") or fields.get("VERSION_CODENAME", "")).lower()
    return _named(identity, release)


def parse_cpe(content: bytes) -> OsRelease:
    """``cpe:/o:centos:linux:6:GA``: CentOS 6 and older systems of its family."""
    parts = (
        content.decode("utf-8", "replace").strip().lower().replace("cpe:2.3:", "cpe:/").split(":")
    )
    if len(parts) < 5 or parts[0] != "cpe" or parts[1] != "/o":
        return OsRelease("")
    identity = "rhel" if parts[2] == "redhat" else parts[2]
    return _named(identity, parts[4])


def parse_red_hat(content: bytes) -> OsRelease:
    """``CentOS release 5.7 (Final)``."""
    found = _RED_HAT.match(content.decode("utf-8", "replace").strip())
    if not found:
        return OsRelease("")
    return _named(_RED_HAT_NAMES.get(found["name"].lower(), ""), found["release"])


def parse_debian_version(content: bytes) -> OsRelease:
    """``12.5``; ``bookworm/sid`` stands there in every system made from Debian, and says nothing."""
    text = content.decode("utf-8", "replace").strip()
    return OsRelease(f"debian-{text}" if _NUMBERS.match(text) else "")


def _named(identity: str, release: str) -> OsRelease:
    if not _NAME.match(identity):
        return OsRelease("")
    if not _NAME.match(release):
        return OsRelease(identity, _WITHOUT_RELEASE)
    return OsRelease(f"{identity}-{release}")


# In order of trust: the first one that says it wins. etc/os-release mostly links to the other.
_PARSERS: dict[str, Callable[[bytes], OsRelease]] = {
    "etc/os-release": parse_os_release,
    "usr/lib/os-release": parse_os_release,
    "etc/system-release-cpe": parse_cpe,
    "etc/redhat-release": parse_red_hat,
    "etc/debian_version": parse_debian_version,
}
_PATHS = tuple(_PARSERS)


def _parse(path: str, content: bytes, _: Limits) -> OsRelease:
    said = _PARSERS[path](content)
    return OsRelease(said.distro, said.rank + _PATHS.index(path))


READER = EcosystemReader(
    _parse,
    names=frozenset(path.rpartition("/")[2] for path in _PATHS),
    wants=lambda path: path in _PARSERS,
)
