"""Which distribution an image is. Source: os-release(5)."""

import re

from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import OsRelease

# The first one found is the system's own; etc/os-release mostly links to the other.
PATHS = ("etc/os-release", "usr/lib/os-release")
_NAME = re.compile(r"[a-z0-9._-]{1,64}\Z")


def parse_os_release(content: bytes) -> OsRelease:
    """``ID-VERSION_ID``; a system without releases (Debian sid) is named by its codename."""
    fields: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            fields[key] = value.strip().strip("\"'")
    identity = fields.get("ID", "").lower()
    release = (fields.get("VERSION_ID") or fields.get("VERSION_CODENAME", "")).lower()
    if not _NAME.match(identity):
        return OsRelease("")
    return OsRelease(f"{identity}-{release}" if _NAME.match(release) else identity)


READER = EcosystemReader(
    lambda _path, content, _limits: parse_os_release(content),
    names=frozenset({"os-release"}),
    wants=lambda path: path in PATHS,
)
