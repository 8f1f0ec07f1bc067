"""What the doctor looks at along the way of a release: what runs, what lets it in, what brings it there."""

from collections.abc import Iterator

from stella.app.doctoring.ground import Ground
from stella.deployment.checks import deployments_go_on
from stella.deployment.store import current_deployment
from stella.doctor import Area, Check
from stella.environment.store import list_environments
from stella.finding.checks import images_are_scanned
from stella.finding.store import list_scans
from stella.fleet.checks import heard_agents
from stella.image import Reference
from stella.image.checks import images_are_there
from stella.kernel import Digest
from stella.policy.checks import policies_compile
from stella.promotion.checks import approvals_can_be_given
from stella.record import Database
from stella.release.checks import secrets_can_be_given, templates_have_components
from stella.release.store import find_release
from stella.sbom.checks import sboms_are_kept
from stella.trust.checks import authority_is_one
from stella.vex.checks import issuers_are_known

_IMAGES_MAX = 100


def of_the_releases(ground: Ground) -> Iterator[Check]:
    """What is made, judged and let in."""
    database, services = ground.database, ground.services
    yield Check(
        "keys.authority",
        Area.KEYS,
        "agents' authority",
        "Agents that enrol get certificates that nobody believes.",
        "The authority's key against its certificate.",
        lambda: authority_is_one(ground.settings.data / "keys"),
    )
    yield Check(
        "releases.templates",
        Area.RELEASES,
        "template",
        "The next release of it cannot be made.",
        "The components and channels that each template takes.",
        lambda: templates_have_components(database()),
    )
    yield Check(
        "releases.secrets",
        Area.RELEASES,
        "variable",
        "A deployment stops in its middle where a host is not given what it is deployed with.",
        "The references of variables against what the hosts of their environments may have.",
        lambda: secrets_can_be_given(database(), _environments(database())),
    )
    yield Check(
        "releases.policies",
        Area.RELEASES,
        "policy",
        "What it guards is blocked: a policy that cannot be read lets nothing pass.",
        "Each pack that was applied is read by this version's engine.",
        lambda: policies_compile(database(), services().blobs.get),
    )
    yield Check(
        "releases.approvals",
        Area.RELEASES,
        "approvals",
        "A promotion waits for ever for what nobody can say.",
        "The people and roles of each approval rule against the users that may approve.",
        lambda: approvals_can_be_given(database()),
    )
    yield Check(
        "releases.vex",
        Area.RELEASES,
        "VEX issuer",
        "What was said not to matter matters again.",
        "Whose each standing document was taken to be, against the issuers of now.",
        lambda: issuers_are_known(database()),
    )


def of_what_runs(ground: Ground) -> Iterator[Check]:
    """What is deployed, and how it is got there."""
    database, services = ground.database, ground.services
    yield Check(
        "releases.images",
        Area.RELEASES,
        "image",
        "What runs cannot be deployed again, nor gone back to.",
        f"The manifests of what runs, in their registries; at most {_IMAGES_MAX}.",
        lambda: images_are_there(_images(database()), services().open_registry),
    )
    yield Check(
        "releases.scans",
        Area.RELEASES,
        "scan of",
        "What is not scanned is not judged.",
        "The scans of what runs: failed, never begun, or not ended within an hour.",
        lambda: images_are_scanned(database(), _scanned(database())),
    )
    yield Check(
        "releases.sboms",
        Area.RELEASES,
        "SBOM of",
        "Findings rest on what nobody can show any more.",
        "The bills of materials of what runs, read and held against their digests.",
        lambda: sboms_are_kept(_sboms(database()), services().blobs.get),
    )
    yield Check(
        "releases.deployments",
        Area.RELEASES,
        "deployment",
        "It stands still, and holds up what waits behind it.",
        "Each target under way, and when its agent was last heard.",
        lambda: deployments_go_on(database(), heard_agents(database())),
    )


def _environments(database: Database) -> list[str]:
    with database.read() as tx:
        return [one.name for one in list_environments(tx)]


def _images(database: Database) -> dict[str, Reference]:
    """What runs: environment, release and component -> the image by its digest; the first so many."""
    found: dict[str, Reference] = {}
    with database.read() as tx:
        for environment in list_environments(tx):
            current = current_deployment(tx, environment.name)
            if current is None:
                continue
            for one in find_release(tx, current.release).components:
                about = f"{environment.name}/{one.name}"
                found[about] = Reference(one.host, one.repository, None, Digest(one.digest))
    return dict(list(found.items())[:_IMAGES_MAX])


def _scanned(database: Database) -> dict[str, tuple[str, str]]:
    images = _images(database).items()
    return {about: (str(one.digest), str(one)) for about, one in images}


def _sboms(database: Database) -> dict[str, tuple[Digest, str]]:
    images = _images(database)
    with database.read() as tx:
        return {
            f"{about} {scan.platform}": (Digest(scan.sbom), str(reference))
            for about, reference in images.items()
            for scan in list_scans(tx, image=str(reference.digest))
            if scan.sbom is not None
        }
