"""Conda environments: a file a package in ``conda-meta``. Source: docs.conda.io, "Package metadata"."""

import re

import msgspec

from stella.sbom.ecosystem.lists import json_of
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread
from stella.sbom.limits import Limits

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}\Z")
_VERSION = re.compile(r"[0-9A-Za-z_.!+~-]{1,100}\Z")


class _Record(msgspec.Struct, frozen=True):
    name: str
    version: str
    license: object = None


def parse_record(_: str, content: bytes, __: Limits) -> LanguagePackages | Unread:
    """Name and version of the one package that the file stands for."""
    record = json_of(content, _Record, "conda package")
    if isinstance(record, Unread):
        return record
    if not _NAME.match(record.name) or not _VERSION.match(record.version):
        return Unread(f"a conda package without usable name or version: {record.name[:60]!r}")
    licence = record.license if isinstance(record.license, str) else ""
    return LanguagePackages((LanguagePackage("conda", record.name, record.version, licence[:100]),))


READER = EcosystemReader(
    parse_record,
    suffixes=frozenset({".json"}),
    wants=lambda path: "/conda-meta/" in path or path.startswith("conda-meta/"),
    containers=frozenset({"conda-meta"}),
)
