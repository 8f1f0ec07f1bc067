"""Where the source of an image lies, and what was committed between two of them.

Images say it themselves by the labels of the OCI image format (annotations.md). What is decided by it
is recorded first, in ``commits.py``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from stella.blob import Blobs
from stella.finding.store import scan_of_platform
from stella.hub.model import Integration
from stella.kernel import Digest, StellaError, Unknown
from stella.kernel.names import COMMIT_ID
from stella.plugin.contract.core import Kind
from stella.plugin.contract.scm import CommitRange, Scm
from stella.record.transaction import Tx
from stella.release.model import ReleaseComponent
from stella.sbom import parse_cyclonedx

URL_LABEL = "org.opencontainers.image.source"
REVISION_LABEL = "org.opencontainers.image.revision"
COMMITS_MAX = 100
"""More commits of one component are not shown."""
_LIKE_SCP = re.compile(
    r"(?:[A-Za-z0-9._-]+@(?=[A-Za-z0-9])|(?=[A-Za-z0-9-]+\.))(?P<host>[A-Za-z0-9.-]+)"
    r":(?P<path>[^/\s][^\s]*)\Z"
)
_SCHEMES = frozenset({"https", "http", "ssh", "git"})
_WITH_SUFFIX = "git"
"""The connector that takes a repository's path as it stands; the others want it without ``.git``."""


@dataclass(frozen=True, slots=True)
class Source:
    """What an image was built from. url: of the repository; revision: a commit's whole id."""

    url: str
    revision: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where it can be asked about: an integration, and the repository's path there."""

    integration: str
    repository: str


@dataclass(frozen=True, slots=True)
class ComponentChanges:
    """What was committed between two images of one component, or why that is not known.

    before, after: None where that release has no such component.
    """

    name: str
    before: Source | Unknown | None
    after: Source | Unknown | None
    place: Place | None
    commits: CommitRange | Unknown


OpenScm = Callable[[str], Scm]
"""Name of an integration -> its connector. Raises a StellaError."""


def source_of(labels: Mapping[str, str] | None) -> Source | Unknown:
    """labels: of an image; None where it was not scanned."""
    if labels is None:
        return Unknown("the image was not scanned yet")
    url, revision = labels.get(URL_LABEL, ""), labels.get(REVISION_LABEL, "")
    missing = [name for name, text in ((URL_LABEL, url), (REVISION_LABEL, revision)) if not text]
    if missing:
        return Unknown(f"the image has no label {' and no '.join(missing)}")
    if not COMMIT_ID.match(revision):
        return Unknown(f"its label {REVISION_LABEL} is no whole commit id")
    if _address(url) is None:
        return Unknown(f"its label {URL_LABEL} is no address of a repository")
    return Source(url, revision)


def source_of_component(tx: Tx, blobs: Blobs, component: ReleaseComponent) -> Source | Unknown:
    """By the labels of its platforms, as far as they were scanned; they come from one commit or none."""
    scans = (scan_of_platform(tx, one.digest) for one in component.platforms)
    found = [
        _source_of_sbom(blobs, Digest(one.sbom)) for one in scans if one is not None and one.sbom
    ]
    if not found:
        return source_of(None)
    if any(one != found[0] for one in found):
        return Unknown("its platforms were built from different commits")
    return found[0]


@lru_cache(maxsize=2000)
def _source_of_sbom(blobs: Blobs, sbom: Digest) -> Source | Unknown:
    """Read once: lists of what waits ask again and again, and what a digest names never changes."""
    return source_of(parse_cyclonedx(blobs.get(sbom)).labels)


def place_of(url: str, integrations: Iterable[Integration]) -> Place | Unknown:
    """Which integration leads to the repository at ``url``; of several the most exact one."""
    wanted = _address(url)
    if wanted is None:
        return Unknown("the address of its repository cannot be read")
    found: list[tuple[int, str, Place]] = []
    for one in integrations:
        if one.kind is not Kind.SCM or not one.enabled:
            continue
        known = _web_address(one.endpoint)
        if known is None or known[0] != wanted[0]:
            continue
        if known[1] and not wanted[1].startswith(f"{known[1]}/"):
            continue
        path = wanted[1].removeprefix(known[1]).strip("/")
        if one.connector != _WITH_SUFFIX:
            path = path.removesuffix(".git")
        found.append((-len(known[1]), one.name, Place(one.name, path)))
    if not found:
        return Unknown(f"no integration of the kind scm leads to {wanted[0]}")
    return min(found)[2]


def is_same_repository(one: str, other: str) -> bool:
    """Whether both addresses, however they are written, lead to it."""
    places = [_address(url) for url in (one, other)]
    first, second = ((at[0], at[1].removesuffix(".git")) if at else None for at in places)
    return first is not None and first == second


def shown_url(url: str) -> str:
    """The address without a name or a password in it, which some builds leave there."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else url


def changes_between(
    components: Iterable[tuple[str, Source | Unknown | None, Source | Unknown | None]],
    integrations: Iterable[Integration],
    open_scm: OpenScm,
    commits_max: int = COMMITS_MAX,
) -> list[ComponentChanges]:
    """components: name, before, after. Asks outside; a refusal makes that component unknown alone.

    What gave no usable answer once is not asked again: each wait may be long.
    """
    known, silent = list(integrations), set[str]()
    made = []
    for name, before, after in components:
        place, commits = _asked(before, after, known, open_scm, silent, limit=commits_max)
        made.append(ComponentChanges(name, before, after, place, commits))
    return made


def _asked(
    before: Source | Unknown | None,
    after: Source | Unknown | None,
    integrations: list[Integration],
    open_scm: OpenScm,
    silent: set[str],
    *,
    limit: int,
) -> tuple[Place | None, CommitRange | Unknown]:
    pair = _pair(before, after)
    if isinstance(pair, Unknown):
        return None, pair
    base, head = pair
    place = place_of(head.url, integrations)
    if isinstance(place, Unknown):
        return None, place
    if place != place_of(base.url, integrations):
        return None, Unknown("the images come from two repositories")
    if base.revision == head.revision:
        return place, CommitRange((), is_complete=True)
    found: CommitRange | Unknown = Unknown(f"{place.integration} gave no answer just now")
    if place.integration not in silent:
        try:
            scm = open_scm(place.integration)
            found = scm.between(place.repository, base.revision, head.revision, limit)
        except StellaError as refusal:
            found = Unknown(f"{refusal} ({refusal.code})")
            if refusal.retry_may_help:
                silent.add(place.integration)
    return place, found


def _pair(
    before: Source | Unknown | None, after: Source | Unknown | None
) -> tuple[Source, Source] | Unknown:
    """Both sources, or why there are not two."""
    if after is None:
        return Unknown("the release has it no more")
    if before is None:
        return Unknown("the release before had it not")
    if isinstance(after, Unknown):
        return after
    if isinstance(before, Unknown):
        return Unknown(f"of the release before: {before.reason}")
    return before, after


def _address(url: str) -> tuple[str, str] | None:
    """Host and path of a repository, as a URL or as scp writes it; None for what is none."""
    scp = None if "://" in url else _LIKE_SCP.match(url)
    if scp is not None:
        return scp["host"].lower(), f"/{scp['path'].strip('/')}"
    try:
        parts = urlsplit(url.removeprefix("git+"))
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not parts.hostname or not parts.path.strip("/"):
        return None
    # A port belongs to a way there, not to the place: SSH and HTTPS have different ones.
    place = parts.hostname if parts.scheme == "ssh" or port is None else f"{parts.hostname}:{port}"
    return place.lower(), f"/{parts.path.strip('/')}"


def _web_address(endpoint: str) -> tuple[str, str] | None:
    """Host and path below which an integration's repositories lie, as people know them."""
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if host in {"api.github.com", "api.bitbucket.org"}:
        return host.removeprefix("api."), ""
    path = "" if parts.path.rstrip("/") == "/api/v3" else parts.path.rstrip("/")
    return (host if parts.scheme == "ssh" or port is None else f"{host}:{port}"), path
