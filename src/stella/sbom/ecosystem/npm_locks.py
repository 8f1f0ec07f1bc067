"""Lock files of npm, yarn and pnpm: what is asked for, not what is installed.

Sources: docs.npmjs.com, "package-lock.json"; yarnpkg.com and pnpm.io of their lock files. The two YAML
ones are written by programs in one plain style, which is read by lines: no tags, no anchors.
"""

import re
from collections.abc import Iterator

import msgspec

from stella.sbom.ecosystem.lists import Gaps, json_of
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread
from stella.sbom.limits import Limits

_NAME = re.compile(r"(?:@[A-Za-z0-9._~-]{1,100}/)?[A-Za-z0-9._~-]{1,214}\Z")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,200}\Z")
_PNPM_KEY = re.compile(r"(?P<name>(?:@[^/@]+/)?[^/@]+)[/@](?P<version>[0-9][^_]*)")
_MODULES = "node_modules/"
_NESTING_MAX = 64


class _Entry(msgspec.Struct, frozen=True):
    version: object = None
    name: object = None
    link: object = None
    dependencies: object = None


class _Lock(msgspec.Struct, frozen=True):
    packages: dict[str, _Entry] | None = None
    dependencies: dict[str, _Entry] | None = None


def parse_npm(_: str, content: bytes, limits: Limits) -> LanguagePackages | Unread:
    """``package-lock.json`` of every version; links and what lies in no registry are left out."""
    lock = json_of(content, _Lock, "package-lock.json")
    if isinstance(lock, Unread):
        return lock
    pairs: list[tuple[object, object]] = []
    for path, entry in (lock.packages or {}).items():
        if _MODULES in path and not entry.link:
            pairs.append((entry.name or path.rpartition(_MODULES)[2], entry.version))
    if lock.packages is None:
        pairs += _nested(lock.dependencies or {}, 0)
    return _packages(pairs, limits)


def parse_yarn(_: str, content: bytes, limits: Limits) -> LanguagePackages:
    """``yarn.lock`` of version 1 and of berry: a block's first line names, ``version`` below it."""
    pairs: list[tuple[object, object]] = []
    name = ""
    for line in content.decode("utf-8", "replace").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line.startswith(" "):
            name = _descriptor_name(line.rstrip(":"))
            continue
        if not line.startswith("   ") and name:
            key, _colon, value = line.strip().replace(":", " ", 1).partition(" ")
            said = value.strip().strip('"')
            if key == "resolution":
                # An alias resolves to another name.
                name = _descriptor_name(said) if "@npm:" in said else ""
                if pairs and pairs[-1][0] is not None:
                    pairs[-1] = (name, pairs[-1][1]) if name else (None, None)
            elif key == "version":
                pairs.append((name, said))
    return _packages([pair for pair in pairs if pair[0]], limits)


def parse_pnpm(_: str, content: bytes, limits: Limits) -> LanguagePackages:
    """``pnpm-lock.yaml``: the keys of ``packages``, as each version of the format writes them."""
    pairs: list[tuple[object, object]] = []
    is_inside = False
    for line in content.decode("utf-8", "replace").splitlines():
        if line and not line.startswith((" ", "#")):
            is_inside = line.rstrip() == "packages:"
        elif is_inside and line.startswith("  ") and line[2:3] not in {" ", "#", ""}:
            key = line.strip().split(": {", 1)[0].rstrip(":").strip("'\"")
            pairs.append(_pnpm_key(key.removeprefix("/").partition("(")[0]))
    return _packages([pair for pair in pairs if pair[0]], limits)


def _nested(entries: dict[str, _Entry], depth: int) -> Iterator[tuple[object, object]]:
    for name, entry in entries.items():
        version = entry.version
        if isinstance(version, str) and version.startswith("npm:"):
            # An alias: npm:NAME@VERSION.
            real, _, number = version.removeprefix("npm:").rpartition("@")
            yield real, number
        else:
            yield name, version
        if isinstance(entry.dependencies, dict) and depth < _NESTING_MAX:
            try:
                inner = msgspec.convert(entry.dependencies, dict[str, _Entry])
            except msgspec.ValidationError:
                continue
            yield from _nested(inner, depth + 1)


def _descriptor_name(line: str) -> str:
    """``@s/a`` for ``"@s/a@^1.0", "@s/a@^1.1"``; ``b`` for ``a@npm:b@1``."""
    first = line.split(",", 1)[0].strip().strip('"')
    at = first.find("@", 1)
    name, wanted = (first[:at], first[at + 1 :]) if at > 0 else (first, "")
    if wanted.startswith("npm:") and "@" in wanted[5:]:
        return wanted[4 : wanted.find("@", 5)]
    if name == "__metadata":
        return ""
    return name if not wanted.startswith(("workspace:", "link:", "portal:", "patch:")) else ""


def _pnpm_key(key: str) -> tuple[str, str]:
    """``a@1.0.0`` since version 6 of the format, ``a/1.0.0`` or ``a/1.0.0_peer`` before."""
    found = _PNPM_KEY.match(key)
    return (found["name"], found["version"]) if found else ("", "")


def _packages(pairs: list[tuple[object, object]], limits: Limits) -> LanguagePackages:
    """What names a registry's package; paths, repositories and addresses are none."""
    broken = Gaps()
    found = {
        (name, version)
        for name, version in broken.first(pairs, limits.packages_max, "packages")
        if isinstance(name, str)
        and isinstance(version, str)
        and _NAME.match(name)
        and _VERSION.match(version)
    }
    packages = (LanguagePackage("npm", *pair, is_declared=True) for pair in sorted(found))
    return LanguagePackages(tuple(packages), tuple(broken))


def _is_own(path: str) -> bool:
    """Lock files within installed packages are leftovers of whoever published them."""
    return _MODULES not in path


NPM = EcosystemReader(
    parse_npm, names=frozenset({"package-lock.json", "npm-shrinkwrap.json"}), wants=_is_own
)
YARN = EcosystemReader(parse_yarn, names=frozenset({"yarn.lock"}), wants=_is_own)
PNPM = EcosystemReader(parse_pnpm, names=frozenset({"pnpm-lock.yaml"}), wants=_is_own)
