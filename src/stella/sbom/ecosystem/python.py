"""Python packages. Source: packaging.python.org, "Core metadata" and "Name normalization"."""

import re

from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread

_SEPARATORS = re.compile(r"[-_.]+")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_LICENCE_CHARACTERS_MAX = 80
_VERSION_CHARACTERS_MAX = 128


def normalised_name(name: str) -> str:
    """PEP 503: ``Foo.Bar_baz`` is ``foo-bar-baz``."""
    return _SEPARATORS.sub("-", name).lower()


def is_metadata(path: str) -> bool:
    """``X.dist-info/METADATA``, ``X.egg-info/PKG-INFO``, or an old ``X.egg-info`` file."""
    directory, _, name = path.rpartition("/")
    if name == "METADATA":
        return directory.endswith(".dist-info")
    if name == "PKG-INFO":
        return directory.endswith((".egg-info", "/EGG-INFO"))
    return name.endswith(".egg-info")


def parse_metadata(content: bytes) -> LanguagePackages | Unread:
    """Name and version out of the header part, which an empty line ends."""
    header = content.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
    fields: dict[str, str] = {}
    for line in header.split("\n"):
        key, colon, value = line.partition(":")
        if colon and not line[:1].isspace():
            fields.setdefault(key.lower(), value.strip())
    name, version = fields.get("name", ""), fields.get("version", "")
    if len(name) > _VERSION_CHARACTERS_MAX or not _NAME.match(name):
        return Unread(f"no usable package name: {name[:60]!r}")
    if not version or len(version) > _VERSION_CHARACTERS_MAX or not version.isprintable():
        return Unread(f"{name} has no usable version: {version[:60]!r}")
    licence = fields.get("license-expression") or fields.get("license", "")
    # The old field often holds the whole text of a licence, which is no name.
    if len(licence) > _LICENCE_CHARACTERS_MAX or licence == "UNKNOWN":
        licence = ""
    return LanguagePackages((LanguagePackage("pypi", normalised_name(name), version, licence),))


READER = EcosystemReader(
    lambda _path, content, _limits: parse_metadata(content),
    names=frozenset({"METADATA", "PKG-INFO"}),
    suffixes=frozenset({".egg-info"}),
    wants=is_metadata,
    containers=frozenset({"site-packages", "dist-packages"}),
)
