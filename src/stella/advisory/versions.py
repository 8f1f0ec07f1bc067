"""How versions compare, one scheme an ecosystem. A version that cannot be read has no key."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

Key: TypeAlias = Any
"""Something that compares with ``<`` and ``==`` to other keys of the same scheme."""

_VERSION_CHARACTERS_MAX = 300

_DEB = re.compile(r"(?:(?P<epoch>[0-9]+):)?(?P<rest>[0-9A-Za-z.+~:-]+)\Z")
_DEB_PARTS = re.compile(r"([^0-9]*)([0-9]*)")
_REBUILD = re.compile(r"\+b[0-9]+\Z")

_APK = re.compile(
    r"(?P<numbers>[0-9]+(?:\.[0-9]+)*)(?P<letter>[a-z]?)"
    r"(?P<suffixes>(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*)"
    r"(?:~[0-9a-f]+)?(?:-r(?P<revision>[0-9]+))?\Z"
)
_APK_SUFFIX = re.compile(r"_([a-z]+)([0-9]*)")
_APK_SUFFIXES = ("alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p")
# What stands at a place, from low to high: 1_rc1 < 1 < 1-r1 < 1_p1 < 1a < 1.1
_APK_BEFORE, _APK_END, _APK_REVISION, _APK_AFTER, _APK_LETTER, _APK_NUMBER = range(6)

# Fewer numbers than three are read as if zeros followed: "1.2" stands in npm and Go feeds.
_SEMVER = re.compile(
    r"(?P<numbers>[0-9]+(?:\.[0-9]+){0,2})"
    r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.+-]*)?\Z"
)


def deb_key(text: str) -> Key | None:
    """deb-version(7): epoch, upstream version, revision; ``~`` sorts before the end of a part."""
    found = _DEB.match(text)
    if found is None:
        return None
    upstream, dash, revision = found["rest"].rpartition("-")
    if not dash:
        upstream, revision = revision, "0"
    if not upstream or not revision:
        return None
    return int(found["epoch"] or 0), _deb_part(upstream), _deb_part(revision)


def without_rebuild(text: str) -> str:
    """``1.0-1`` for ``1.0-1+b2``: a rebuild of the binaries, of which the source knows nothing."""
    return _REBUILD.sub("", text)


def _deb_part(text: str) -> tuple[Any, ...]:
    """Alternating letters and numbers. The end weighs 0, letters their code, other signs more."""
    key: list[Any] = []
    for letters, digits in _DEB_PARTS.findall(text):
        if letters or digits:
            key.append((*map(_deb_weight, letters), 0))
            key.append(int(digits or 0))
    return (*key, (0,))


def _deb_weight(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256


def semver_key(text: str) -> Key | None:
    """semver.org 2.0.0, section 11. A leading ``v`` or ``go`` is Go's habit."""
    found = _SEMVER.match(text.removeprefix("go").removeprefix("v"))
    if found is None:
        return None
    numbers = [int(number) for number in found["numbers"].split(".")]
    numbers += [0] * (3 - len(numbers))
    pre = found["pre"]
    if pre is None:
        return (*numbers, (1,))
    # Numbers sort below words, and fewer fields below more; (0, ...) below the release's (1,).
    fields = tuple(
        (0, int(field), "") if field.isdigit() else (1, 0, field) for field in pre.split(".")
    )
    return (*numbers, (0, fields))


def apk_key(text: str) -> Key | None:
    """apk-tools' doc/apk-package.5: numbers, a letter, ``_suffix``es, ``-rN``.

    univers reads neither ``_git20230717`` nor ``_p`` after another suffix, which Alpine's own libc has.
    """
    found = _APK.match(text)
    if found is None:
        return None
    first, *rest = found["numbers"].split(".")
    key: list[Any] = [(_APK_NUMBER, 1, int(first), "")]
    # A part that begins with a zero is a fraction: 1.05 lies below 1.5.
    key += [
        (_APK_NUMBER, 0, 0, one) if one.startswith("0") else (_APK_NUMBER, 1, int(one), "")
        for one in rest
    ]
    if found["letter"]:
        key.append((_APK_LETTER, ord(found["letter"]), 0, ""))
    for word, number in _APK_SUFFIX.findall(found["suffixes"]):
        rank = _APK_SUFFIXES.index(word)
        kind = _APK_BEFORE if rank < _APK_SUFFIXES.index("cvs") else _APK_AFTER
        key.append((kind, rank, int(number or 0), ""))
    if found["revision"]:
        key.append((_APK_REVISION, int(found["revision"]), 0, ""))
    return (*key, (_APK_END, 0, 0, ""))


_RPM = re.compile(
    r"(?:(?P<epoch>[0-9]+):)?(?P<version>[0-9A-Za-z._+~^]+)(?:-(?P<release>[^-\s]+))?\Z"
)
_RPM_PARTS = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
# What stands at a place, from low to high: 1~rc < 1 < 1^git < 1a < 1.1
_RPM_TILDE, _RPM_END, _RPM_CARET, _RPM_WORD, _RPM_NUMBER = range(5)


def rpm_key(text: str) -> Key | None:
    """Rpm's own order (rpmvercmp): epoch, version, release; no epoch is epoch 0."""
    found = _RPM.match(text)
    if found is None:
        return None
    release = found["release"] or ""
    return int(found["epoch"] or 0), _rpm_part(found["version"]), _rpm_part(release)


def _rpm_part(text: str) -> tuple[Any, ...]:
    key: list[Any] = []
    for part in _RPM_PARTS.findall(text):
        if part.isdigit():
            key.append((_RPM_NUMBER, int(part), ""))
        elif part.isalpha():
            key.append((_RPM_WORD, 0, part))
        else:
            key.append((_RPM_TILDE if part == "~" else _RPM_CARET, 0, ""))
    return (*key, (_RPM_END, 0, ""))


_GEM = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\Z")
_GEM_WORD, _GEM_BELOW, _GEM_END, _GEM_ABOVE, _GEM_NUMBER = range(5)
_GEM_PARTS = re.compile(r"[0-9]+|[A-Za-z]+")


def gem_key(text: str) -> Key | None:
    """Gem::Version: a word is a pre-release and sorts below every number; zeros at the end are none."""
    if not _GEM.match(text):
        return None
    parts = _GEM_PARTS.findall(text.replace("-", ".pre."))
    words = [place for place, one in enumerate(parts) if not one.isdigit()]
    cut = words[0] if words else len(parts)
    key: list[tuple[int, int, str]] = []
    zeros = 0
    for one in (*_without_zeros(parts[:cut]), *_without_zeros(parts[cut:])):
        if one.isdigit() and not int(one):
            zeros += 1
            continue
        # What is not there is a zero: zeros before a word lie below the end, before a number above it.
        if zeros:
            key.append((_GEM_ABOVE, -zeros, "") if one.isdigit() else (_GEM_BELOW, zeros, ""))
        zeros = 0
        key.append((_GEM_NUMBER, int(one), "") if one.isdigit() else (_GEM_WORD, 0, one))
    return (*key, (_GEM_END, 0, ""))


def _without_zeros(parts: list[str]) -> list[str]:
    while parts and parts[-1].isdigit() and not int(parts[-1]):
        parts = parts[:-1]
    return parts


def pep440_key(text: str) -> Key | None:
    """PEP 440; 75 version strings of the PyPA feed are none."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


def _univers(name: str) -> Callable[[str], Key | None]:
    """The scheme of that class of ``univers``."""

    def key(text: str) -> Key | None:
        from univers import versions
        from univers.nuget import InvalidNuGetVersion

        try:
            key = getattr(versions, name)(text)
        # Its parsers raise what Python raises where a version is odd.
        except (versions.InvalidVersion, InvalidNuGetVersion, ArithmeticError, LookupError):
            return None
        except (ValueError, TypeError, AttributeError):
            return None
        # "V" is a version to its NuGet class, and then compares with nothing.
        return None if key.value is None else key

    return key


SCHEMES: Mapping[str, Callable[[str], Key | None]] = {
    "deb": deb_key,
    "pep440": pep440_key,
    "semver": semver_key,
    "apk": apk_key,
    "rpm": rpm_key,
    "maven": _univers("MavenVersion"),
    "nuget": _univers("NugetVersion"),
    "gem": gem_key,
    "composer": _univers("ComposerVersion"),
    # Versions of anything, as CPE names it: the order of rpm is the mildest.
    "generic": rpm_key,
}

_SCHEME_OF = {
    "PyPI": "pep440",
    "npm": "semver",
    "Go": "semver",
    "crates.io": "semver",
    "Hex": "semver",
    "Pub": "semver",
    "SwiftURL": "semver",
    "Bitnami": "semver",
    "GitHub Actions": "semver",
    "Julia": "semver",
    "VSCode": "semver",
    "Debian": "deb",
    "Ubuntu": "deb",
    "Alpine": "apk",
    "Wolfi": "apk",
    "Chainguard": "apk",
    "MinimOS": "apk",
    "Alpaquita": "apk",
    "BellSoft Hardened Containers": "apk",
    "Echo": "deb",
    "Red Hat": "rpm",
    "Rocky Linux": "rpm",
    "AlmaLinux": "rpm",
    "Oracle Linux": "rpm",
    "Amazon Linux": "rpm",
    "Fedora": "rpm",
    "Azure Linux": "rpm",
    "Mageia": "rpm",
    "openEuler": "rpm",
    "Photon OS": "rpm",
    "SUSE": "rpm",
    "openSUSE": "rpm",
    "Maven": "maven",
    "NuGet": "nuget",
    "RubyGems": "gem",
    "Packagist": "composer",
    "CPE": "generic",
}

_SEPARATORS = re.compile(r"[-_.]+")


def scheme_of(ecosystem: str) -> str:
    """The scheme of ``Debian:12`` or ``npm``; empty where none is known."""
    return _SCHEME_OF.get(ecosystem.partition(":")[0], "")


def package_name(ecosystem: str, name: str) -> str:
    """``name`` as every spelling of it is looked up."""
    if ecosystem == "PyPI":
        return _SEPARATORS.sub("-", name).lower()
    return name.lower() if ecosystem in {"NuGet", "Packagist"} else name


@lru_cache(maxsize=1 << 17)
def version_key(scheme: str, text: str) -> Key:
    """The key of a version, or None where the scheme is unknown or cannot read it."""
    read = SCHEMES.get(scheme)
    if read is None or not text or len(text) > _VERSION_CHARACTERS_MAX:
        return None
    return read(text.strip())
