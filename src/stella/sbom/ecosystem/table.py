"""Every reader, and which of them wants a path: the one place that knows them all."""

import re
from collections.abc import Iterable, Iterator

from stella.sbom.ecosystem import (
    accounts,
    apk,
    conda,
    dotnet,
    dpkg,
    golang,
    java,
    loader,
    npm,
    npm_locks,
    php,
    python,
    rpm,
    ruby,
    rust,
    system,
)
from stella.sbom.ecosystem.elf import is_library
from stella.sbom.ecosystem.program import may_be_program
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.ecosystem.spool import opened
from stella.sbom.facts import FileFacts, OwnedPaths, SystemPackages, Unread
from stella.sbom.limits import Limits
from stella.sbom.secret.places import place_of

READERS: tuple[EcosystemReader, ...] = (
    *(
        system.READER,
        accounts.READER,
        dpkg.STATUS,
        dpkg.SINGLE,
        dpkg.OWNED,
        apk.READER,
        rpm.READER,
        rpm.MANIFEST,
        loader.CONF,
        loader.MUSL,
    ),
    *(python.READER, conda.READER, npm.READER, npm_locks.NPM, npm_locks.YARN, npm_locks.PNPM),
    *(golang.MOD, rust.LOCK, java.READER, ruby.SPECIFICATION, ruby.LOCK),
    *(php.INSTALLED, php.LOCK, dotnet.READER),
)


def _together(
    pairs: Iterable[tuple[str, EcosystemReader]],
) -> dict[str, tuple[EcosystemReader, ...]]:
    table: dict[str, tuple[EcosystemReader, ...]] = {}
    for key, reader in pairs:
        table[key] = (*table.get(key, ()), reader)
    return table


# A tar entry costs two look-ups and one comparison here, whatever the number of readers.
_BY_NAME = _together((name, reader) for reader in READERS for name in reader.names)
_BY_SUFFIX = _together((suffix, reader) for reader in READERS for suffix in reader.suffixes)
_BY_DIRECTORY = tuple((place, reader) for reader in READERS for place in reader.directories)
_DIRECTORIES = tuple(place for place, _ in _BY_DIRECTORY)

_DULL = re.compile(
    r"^(?:usr/share/(?:doc|man|locale|info|zoneinfo|icons|lintian|perl|perl5)/|usr/(?:include|src)/"
    r"|(?:usr/)?lib/(?:systemd|udev|debug|modules|locale)/|usr/lib/[^/\n]+-linux-[^/\n]+/(?:perl|gconv)"
    r"|[^\n]*\.(?:py|pyc|pm|h|html|gz|png|svg|mo|txt|a|js|css|md5sums)$)[^\n]*(?:\n|\Z)"
    # Directories, which some databases name as well.
    r"|^(?:\.|[^/\n]*|usr/[^/\n]+|etc/[^/\n]+|var/[^/\n]+|usr/share/[^/\n]+)(?:\n|\Z)",
    re.MULTILINE,
)

CONTAINERS = frozenset(name for reader in READERS for name in reader.containers)


def reader_of(path: str, name: str) -> EcosystemReader | None:
    """Who reads the file at ``path``, whose last segment is ``name``; None: it tells of no package."""
    readers = _BY_NAME.get(name) or _BY_SUFFIX.get(name[name.rfind(".") :])
    if readers is None:
        if not path.startswith(_DIRECTORIES):
            return None
        readers = tuple(reader for place, reader in _BY_DIRECTORY if path.startswith(place))
    for reader in readers:
        if reader.wants is None or reader.wants(path):
            return reader
    return None


def bytes_max(reader: EcosystemReader, limits: Limits) -> int:
    """How long a file of this reader may be."""
    return limits.archive_bytes_max if reader.parse_open else limits.file_bytes_max


def parsed(
    reader: EcosystemReader, path: str, pieces: Iterator[bytes], limits: Limits
) -> FileFacts:
    """What the file at ``path`` says. Its length has been looked at."""
    if reader.parse_open:
        with opened(pieces) as file:
            return reader.parse_open(path, file, limits)
    assert reader.parse, path
    facts = reader.parse(path, b"".join(pieces), limits)
    match facts:
        case OwnedPaths(package=package, paths=paths):
            return OwnedPaths(package, _of_interest(paths))
        case SystemPackages(owned=owned) if owned:
            kept = [OwnedPaths(one.package, _of_interest(one.paths)) for one in owned]
            kept.sort(key=lambda one: (one.package, one.paths))
            return SystemPackages(
                facts.packages, facts.broken, tuple(one for one in kept if one.paths)
            )
        case _:
            return facts


def too_long(size: int, most: int) -> Unread:
    """What is said of a file beyond the bound."""
    return Unread(f"it is {size} bytes long, {most} are read")


def _of_interest(paths: Iterable[str]) -> tuple[str, ...]:
    """What would else become a second component; the rest need not be remembered.

    A system's databases name every file of it: most are put aside in one go before any is looked at.
    """
    kept = _DULL.sub("", "\n".join(paths)).split("\n")
    wanted = (path for path in kept if _is_of_interest(path, path[path.rfind("/") + 1 :]))
    return tuple(sorted(wanted))


def _is_of_interest(path: str, name: str) -> bool:
    return bool(name) and (
        reader_of(path, name) is not None
        or may_be_program(path, name)
        or is_library(name)
        or place_of(path, name) is not None
    )
