"""How far something reaches: a vulnerability or a component -> images, releases, environments, targets."""

from collections.abc import Iterable

from stella.api.views.base import View
from stella.api.views.looking import Looking
from stella.api.views.releases import ReleaseRef, release_ref
from stella.deployment.store import current_deployment, list_target_deployments
from stella.environment.store import find_environment, list_environments
from stella.finding.index import Held, Touched
from stella.finding.listing import Listed
from stella.kernel import Digest
from stella.release.store import find_release, releases_with


class TouchedImage(View):
    """An image with a finding of that name. severity: the worst; counts: whether VEX leaves one that does."""

    scan: str
    reference: str
    image: Digest | str
    platform: str
    severity: str
    counts: bool


class RunsIn(View):
    """Where a release with such an image runs now. targets: those of its deployment."""

    environment: str
    release: ReleaseRef
    deployment: str
    targets: list[str]


class Radius(View):
    """What a vulnerability touches. more: whether there are more images than are listed."""

    name: str
    images: list[TouchedImage]
    more: bool
    releases: list[ReleaseRef]
    runs_in: list[RunsIn]


class HeldComponent(View):
    """A component of a scanned image."""

    scan: str
    purl: str
    type: str
    name: str
    version: str


class ListedFinding(View):
    """One finding in one image. counts: whether VEX leaves it so. fixed: what mends it, or empty."""

    scan: str
    reference: str
    image: Digest | str
    platform_digest: Digest | str
    platform: str
    vulnerability: str
    purl: str
    component: str
    version: str
    severity: str
    fixed: str
    exploited: bool
    vex: str
    reach: str
    counts: bool
    epss_permille: int | None


class FeedView(View):
    """A feed in the snapshot. at: when it was brought up to date last."""

    name: str
    at: str
    documents: int


class KnownView(View):
    """What is known. snapshot: its digest, null where there is none. ecosystems: it holds records of."""

    snapshot: str | None
    ecosystems: list[str]
    feeds: list[FeedView]


def radius_view(looking: Looking, name: str, found: tuple[Touched, ...], limit: int) -> Radius:
    """The whole way from the name to the targets. Of more than ``limit`` images the first count."""
    shown = found[:limit]
    releases = releases_with(looking.tx, {one.image for one in shown})
    return Radius(
        name=name,
        images=[
            TouchedImage(
                scan=one.scan,
                reference=one.reference,
                image=one.image,
                platform=one.platform,
                severity=one.severity,
                counts=one.counts,
            )
            for one in shown
        ],
        more=len(found) > limit,
        releases=[release_ref(looking.once(find_release, one)) for one in releases],
        runs_in=list(_running(looking, frozenset(releases))),
    )


def held_view(one: Held) -> HeldComponent:
    """One component of one image."""
    return HeldComponent(
        scan=one.scan, purl=one.purl, type=one.type, name=one.name, version=one.version
    )


def listed_view(one: Listed) -> ListedFinding:
    """One finding of the list."""
    return ListedFinding(
        scan=one.scan,
        reference=one.reference,
        image=one.image,
        platform_digest=one.platform_digest,
        platform=one.platform,
        vulnerability=one.vulnerability,
        purl=one.purl,
        component=one.component,
        version=one.version,
        severity=one.severity,
        fixed=one.fixed,
        exploited=one.exploited,
        vex=one.vex.value,
        reach=one.reach.value,
        counts=one.counts,
        epss_permille=one.epss_permille,
    )


def platforms_in(looking: Looking, environment: str) -> frozenset[str]:
    """Digests of the platform images of what runs in the environment now. Raises UnknownEnvironment."""
    find_environment(looking.tx, environment)
    current = current_deployment(looking.tx, environment)
    if current is None:
        return frozenset()
    release = looking.once(find_release, current.release)
    return frozenset(
        platform.digest for component in release.components for platform in component.platforms
    )


def _running(looking: Looking, releases: frozenset[str]) -> Iterable[RunsIn]:
    for environment in list_environments(looking.tx):
        current = current_deployment(looking.tx, environment.name)
        if current is None or current.release not in releases:
            continue
        targets = list_target_deployments(looking.tx, current.id)
        yield RunsIn(
            environment=environment.name,
            release=release_ref(looking.once(find_release, current.release)),
            deployment=current.id,
            targets=sorted({one.target for one in targets}),
        )
