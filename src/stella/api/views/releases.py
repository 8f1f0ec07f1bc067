"""Releases: what is in them, where they run, how two of them differ."""

import json
from collections.abc import Iterator
from typing import Any

from stella.api.views.base import PersonView, View
from stella.api.views.looking import Looking
from stella.api.views.scans import FindingView, ScanView, scan_view
from stella.deployment.lifecycle import DeploymentState
from stella.deployment.store import current_deployment, list_deployments
from stella.environment.lifecycles.store import lifecycle_for
from stella.environment.store import list_environments
from stella.finding.store import scan_of_platform
from stella.kernel import Digest
from stella.record import Tx
from stella.release.lifecycle import ReleaseState
from stella.release.model import Release, ReleaseComponent
from stella.release.push import tag_drift
from stella.release.store import TagSeen
from stella.release.variables.model import Variable
from stella.release.variables.resolve import scope_text
from stella.sbom import diff_inventories, parse_cyclonedx


class ReleaseRef(View):
    """Which release."""

    id: str
    name: str
    version: str
    release_digest: str


class PlatformView(View):
    """One platform image under a component's digest."""

    platform: str
    digest: str


class TagDrift(View):
    """The tag that was resolved names another digest now."""

    tag: str
    digest: str
    seen_at: str


class ComponentView(View):
    """One component. tag_drift: None while the tag still names what was sealed."""

    name: str
    reference: str
    digest: str
    media_type: str
    platforms: list[PlatformView]
    scans: list[ScanView]
    tag_drift: TagDrift | None


class RunsIn(View):
    """One environment that it came to run in. current: whether it runs there now."""

    environment: str
    deployment: str
    at: str
    current: bool


class ReleaseView(ReleaseRef):
    """A release as the API shows it. revision: of the variables that it is deployed with.

    variables: how many there are of them. channel: empty for none. lifecycle: that it takes; null where
    the order of environments counts.
    """

    state: ReleaseState
    created_at: str
    created_by: PersonView
    components: list[ComponentView]
    environments: list[RunsIn]
    revision: int
    variables: int
    channel: str
    lifecycle: str | None


class PackageChange(View):
    """One package that differs."""

    name: str
    type: str
    change: str
    before: list[str]
    after: list[str]


class FindingChanges(View):
    """Findings that went away, and those that came."""

    fixed: list[FindingView]
    introduced: list[FindingView]


class ComponentDiff(View):
    """One component between two releases; ``from`` and ``to`` are digests."""

    name: str
    from_: str | None
    to: str | None
    packages: list[PackageChange]
    findings: FindingChanges


class VariableChange(View):
    """A variable that one of two releases has not, or has otherwise. before, after: what it says."""

    name: str
    group: str
    scope: str
    before: str | None
    after: str | None


class ReleaseDiff(View):
    """Two releases beside each other."""

    from_: ReleaseRef
    to: ReleaseRef
    components: list[ComponentDiff]
    variables: list[VariableChange]


def release_ref(release: Release) -> ReleaseRef:
    """Its names."""
    return ReleaseRef(
        id=release.id, name=release.name, version=release.version, release_digest=release.digest
    )


def release_view(looking: Looking, release: Release) -> ReleaseView:
    """A release with what is known of its images and where it runs."""
    drift = tag_drift(looking.tx, release)
    return ReleaseView(
        id=release.id,
        name=release.name,
        version=release.version,
        release_digest=release.digest,
        state=release.state,
        created_at=release.created_at,
        created_by=looking.person_view(release.created_by),
        components=[_component(looking, one, drift.get(one.name)) for one in release.components],
        environments=_runs_in(looking, release),
        revision=release.revision,
        variables=len(release.variables),
        channel=release.channel,
        lifecycle=_lifecycle(looking, release.channel),
    )


def _lifecycle(looking: Looking, channel: str) -> str | None:
    taken = looking.once(lifecycle_for, channel)
    return None if taken is None else taken.name


def diff_releases(looking: Looking, before: Release, after: Release) -> ReleaseDiff:
    """What changes from ``before`` to ``after``, as far as their images were scanned."""
    old = {one.name: one for one in before.components}
    new = {one.name: one for one in after.components}
    return ReleaseDiff(
        from_=release_ref(before),
        to=release_ref(after),
        components=[
            _component_diff(looking, name, old.get(name), new.get(name))
            for name in sorted({*old, *new})
        ],
        variables=list(_variable_changes(before.variables, after.variables)),
    )


def _variable_changes(
    before: tuple[Variable, ...], after: tuple[Variable, ...]
) -> Iterator[VariableChange]:
    """By name, document and scope; what says the same is left out."""
    old = {(one.name, one.group, scope_text(one)): one.text for one in before}
    new = {(one.name, one.group, scope_text(one)): one.text for one in after}
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            name, group, scope = key
            yield VariableChange(
                name=name, group=group, scope=scope, before=old.get(key), after=new.get(key)
            )


def _component(looking: Looking, one: ReleaseComponent, drift: TagSeen | None) -> ComponentView:
    known = [looking.once(scan_of_platform, platform.digest) for platform in one.platforms]
    return ComponentView(
        name=one.name,
        reference=one.reference,
        digest=one.digest,
        media_type=one.media_type,
        platforms=[PlatformView(platform=it.platform, digest=it.digest) for it in one.platforms],
        scans=[scan_view(scan) for scan in known if scan is not None],
        tag_drift=TagDrift(tag=drift.tag, digest=drift.digest, seen_at=drift.at) if drift else None,
    )


def _runs_in(looking: Looking, release: Release) -> list[RunsIn]:
    """In the order of environments; those that have ended since are in the list of deployments alone."""
    road = looking.once(_road, "")
    found: dict[str, RunsIn] = {}
    done = list_deployments(
        looking.tx, release=release.id, states=frozenset({DeploymentState.SUCCEEDED})
    )
    for one in done:
        if one.environment in found or one.environment not in road:
            continue
        current = looking.once(current_deployment, one.environment)
        found[one.environment] = RunsIn(
            environment=one.environment,
            deployment=one.id,
            at=one.ended_at or one.started_at,
            current=current is not None and current.release == release.id,
        )
    return sorted(found.values(), key=lambda one: road.index(one.environment))


def _road(tx: Tx, _: str) -> list[str]:
    """The environments in their order."""
    return [one.name for one in list_environments(tx)]


def _component_diff(
    looking: Looking, name: str, old: ReleaseComponent | None, new: ReleaseComponent | None
) -> ComponentDiff:
    before, after = _known(looking, old), _known(looking, new)
    packages: list[PackageChange] = []
    if before["sbom"] and after["sbom"]:
        changes = diff_inventories(parse_cyclonedx(before["sbom"]), parse_cyclonedx(after["sbom"]))
        packages = [
            PackageChange(
                name=change.name,
                type=change.type,
                change=change.kind,
                before=list(change.before),
                after=list(change.after),
            )
            for change in changes
        ]
    had = {(one["id"], one["component"]): one for one in before["findings"]}
    has = {(one["id"], one["component"]): one for one in after["findings"]}
    return ComponentDiff(
        name=name,
        from_=old.digest if old else None,
        to=new.digest if new else None,
        packages=packages,
        findings=FindingChanges(
            fixed=[FindingView.model_validate(had[key]) for key in sorted(had.keys() - has.keys())],
            introduced=[
                FindingView.model_validate(has[key]) for key in sorted(has.keys() - had.keys())
            ],
        ),
    )


def _known(looking: Looking, one: ReleaseComponent | None) -> dict[str, Any]:
    """The documents about the first platform: what two versions of an image are compared by."""
    scan = scan_of_platform(looking.tx, one.platforms[0].digest) if one else None
    findings = scan.told if scan else None
    return {
        "sbom": looking.blobs.get(Digest(scan.sbom)) if scan and scan.sbom else b"",
        "findings": json.loads(looking.blobs.get(Digest(findings)))["findings"] if findings else [],
    }
