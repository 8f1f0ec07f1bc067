"""Ruby: installed gems by their specifications, and Gemfile.lock.

Source: guides.rubygems.org, "Specification reference"; Bundler's lock file.
"""

import re

from stella.sbom.ecosystem.lists import Gaps
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread
from stella.sbom.limits import Limits

_FIELD = re.compile(
    r"^\s*\w+\.(?P<key>name|version)\s*=\s*(?:Gem::Version\.new\(?\s*)?[\"'](?P<value>[^\"'\n]{1,200})[\"']",
    re.MULTILINE,
)
_LICENCES = re.compile(r"^\s*\w+\.licenses?\s*=\s*(?P<list>[^\n]{1,300})", re.MULTILINE)
_QUOTED = re.compile(r"[\"']([^\"']{1,80})[\"']")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}\Z")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.-]{0,99}\Z")
_LOCKED = re.compile(r"    (?P<name>[A-Za-z0-9._-]{1,100}) \((?P<version>[0-9][^()\s]{0,99})\)\Z")


def parse_specification(_: str, content: bytes, __: Limits) -> LanguagePackages | Unread:
    """Name and version out of the text that RubyGems itself writes; no Ruby is run."""
    text = content.decode("utf-8", "replace")
    fields: dict[str, str] = {}
    for found in _FIELD.finditer(text):
        fields.setdefault(found["key"], found["value"])
    name, version = fields.get("name", ""), fields.get("version", "")
    if not _NAME.match(name) or not _VERSION.match(version):
        return Unread(f"a gem specification without plain name and version: {name!r}, {version!r}")
    listed = _LICENCES.search(text)
    licences = _QUOTED.findall(listed["list"]) if listed else []
    package = LanguagePackage("gem", name, version, " OR ".join(licences))
    return LanguagePackages((package,))


def parse_lock(_: str, content: bytes, limits: Limits) -> LanguagePackages:
    """Every gem of ``Gemfile.lock``: lines of four spaces below ``specs:``."""
    found: set[tuple[str, str]] = set()
    broken = Gaps()
    lines = content.decode("utf-8", "replace").splitlines()
    for line in broken.first(lines, limits.packages_max, "lines"):
        locked = _LOCKED.match(line)
        if locked:
            found.add((locked["name"], _without_platform(locked["version"])))
    packages = (LanguagePackage("gem", *pair, is_declared=True) for pair in sorted(found))
    return LanguagePackages(tuple(packages), tuple(broken))


def _without_platform(version: str) -> str:
    return version.partition("-")[0]


SPECIFICATION = EcosystemReader(
    parse_specification,
    suffixes=frozenset({".gemspec"}),
    wants=lambda path: "/specifications/" in path or path.startswith("specifications/"),
    containers=frozenset({"specifications", "gems"}),
)
LOCK = EcosystemReader(parse_lock, names=frozenset({"Gemfile.lock", "gems.locked"}))
