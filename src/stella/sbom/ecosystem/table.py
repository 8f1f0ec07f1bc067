"""Every reader, and which of them wants a path: the one place that knows them all."""

from collections.abc import Iterable

from stella.sbom.ecosystem import apk, dpkg, npm, python, rpm, system
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import FileFacts, OwnedPaths, SystemPackages
from stella.sbom.limits import Limits

READERS: tuple[EcosystemReader, ...] = (
    system.READER,
    dpkg.STATUS,
    dpkg.SINGLE,
    dpkg.OWNED,
    apk.READER,
    rpm.READER,
    rpm.MANIFEST,
    python.READER,
    npm.READER,
)

# A tar entry costs two look-ups and one comparison here, whatever the number of readers.
_BY_NAME = {name: reader for reader in READERS for name in reader.names}
_BY_SUFFIX = {suffix: reader for reader in READERS for suffix in reader.suffixes}
_BY_DIRECTORY = tuple((place, reader) for reader in READERS for place in reader.directories)
_DIRECTORIES = tuple(place for place, _ in _BY_DIRECTORY)

CONTAINERS = frozenset(name for reader in READERS for name in reader.containers)


def reader_of(path: str, name: str) -> EcosystemReader | None:
    """Who reads the file at ``path``, whose last segment is ``name``; None: it tells of no package."""
    reader = _BY_NAME.get(name) or _BY_SUFFIX.get(name[name.rfind(".") :])
    if reader is None:
        if not path.startswith(_DIRECTORIES):
            return None
        reader = next(reader for place, reader in _BY_DIRECTORY if path.startswith(place))
    return reader if reader.wants is None or reader.wants(path) else None


def parsed(reader: EcosystemReader, path: str, content: bytes, limits: Limits) -> FileFacts:
    """What the file at ``path`` says."""
    facts = reader.parse(path, content, limits)
    match facts:
        case OwnedPaths(package=package, paths=paths):
            return OwnedPaths(package, _of_interest(paths))
        case SystemPackages(owned=owned) if owned:
            return SystemPackages(facts.packages, facts.broken, _of_interest(owned))
        case _:
            return facts


def _of_interest(paths: Iterable[str]) -> tuple[str, ...]:
    """What would else become a second component; the rest need not be remembered."""
    return tuple(path for path in paths if reader_of(path, path[path.rfind("/") + 1 :]))
