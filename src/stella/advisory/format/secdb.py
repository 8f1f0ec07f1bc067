"""Alpine's security database, https://secdb.alpinelinux.org: package -> version -> what it fixed."""

import re
from collections.abc import Iterator

import msgspec

from stella.advisory.format.item import Entry, Item
from stella.advisory.model import Package, Record, Span

_ID = re.compile(r"[A-Z][A-Za-z]*-[0-9A-Za-z][0-9A-Za-z-]*\Z")
_NEVER_AFFECTED = "0"


class _Fixes(msgspec.Struct, frozen=True):
    name: str
    secfixes: dict[str, list[str] | None] | None = None


class _Entry(msgspec.Struct, frozen=True):
    pkg: _Fixes


class Secdb(msgspec.Struct, frozen=True):
    """One repository of one release. distroversion: "" where there are no releases (Wolfi)."""

    reponame: str
    packages: list[_Entry]
    distroversion: str = ""
    urlprefix: str = ""


_decoder = msgspec.json.Decoder(Secdb)


def parse_secdb(content: bytes) -> Secdb:
    """The database. Raises msgspec.DecodeError."""
    return _decoder.decode(content)


def read_secdb(_: str, content: bytes) -> Iterator[Item]:
    """One record for each fix. Raises msgspec.DecodeError."""
    for package, record in secdb_records(parse_secdb(content)):
        yield Entry(package, record, "", package.ecosystem.partition(":")[0])


def secdb_records(database: Secdb) -> Iterator[tuple[Package, Record]]:
    """One record for each fix. Version ``0`` says that the package was never affected.

    An installed package does not tell its repository, and no release has one name in two of them:
    main and community share the ecosystem and stay apart in the summary.
    """
    system, ecosystem = _system(database)
    for entry in database.packages:
        fixes: dict[str, tuple[str, tuple[str, ...]]] = {}
        for version, listed in (entry.pkg.secfixes or {}).items():
            if version == _NEVER_AFFECTED:
                continue
            for text in listed or []:
                words = text.replace("CVE_", "CVE-").split()
                ids = tuple(word for word in words if _ID.match(word))
                if ids:
                    fixes.setdefault(ids[0], (version, ids))
        for first, (version, ids) in fixes.items():
            yield (
                Package(ecosystem, entry.pkg.name),
                Record(
                    id=f"{system.upper()}-{first}",
                    aliases=tuple(sorted(set(ids))),
                    scheme="apk",
                    spans=(Span(fixed=version),),
                    summary=f"{first} fixed in {entry.pkg.name} of {system}'s {database.reponame}",
                ),
            )


def _system(database: Secdb) -> tuple[str, str]:
    """Who publishes it, and for which ecosystem."""
    if database.distroversion:
        return "Alpine", f"Alpine:{database.distroversion}"
    for system in ("Wolfi", "Chainguard"):
        if system.lower() in database.urlprefix:
            return system, system
    raise msgspec.ValidationError("neither a release nor a publisher - at `$.distroversion`")
