"""Plugins: what there is, what it may do, which version is used."""

import base64
import binascii
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from fastapi import APIRouter, Response

from stella.api.asked import Asked, Viewer
from stella.api.errors import InvalidRequest
from stella.api.looking import Plugger
from stella.api.views.base import Body, Page
from stella.api.views.plugins import PackDocumentView, PluginView, plugin_view
from stella.deployment.plan import PlannedTarget, plugin_of_target, read_plan
from stella.deployment.step_store import list_open_steps
from stella.deployment.store import find_deployment, list_open_deployments
from stella.deployment.take_down.plan import read_take_down_plan
from stella.deployment.take_down.store import list_open_take_downs
from stella.environment.store import list_environments, list_targets
from stella.hub.store import list_integrations
from stella.kernel import Digest, Remedy
from stella.plugin.contract.core import Capability, Kind, Manifest, Need
from stella.plugin.manage import (
    disable_plugin,
    enable_plugin,
    grant_plugin,
    install_plugin,
    remove_version,
)
from stella.plugin.refusals import UnknownPlugin
from stella.plugin.store import list_choices, list_versions
from stella.plugin.wheel import malformed, read_wheel
from stella.record import Tx
from stella.workflow.run.apply import runs_pinning, workflows_using

router = APIRouter(prefix="/plugins", tags=["plugins"])


class NewPlugin(Body):
    """A wheel, as base64."""

    wheel: str


class Enabling(Body):
    """Which version to use; the newest where it is left out.

    force: also where it no longer brings what is used.
    """

    version: str | None = None
    force: bool = False


class Granted(Body):
    """A capability, and the hosts of the network that it is for; none: those of its connections."""

    capability: Capability
    hosts: Sequence[str] = ()


class Granting(Body):
    """All that the plugin may do. null: everything that it asks for."""

    granted: list[Granted] | None = None


@router.get("")
def get_plugins(asked: Viewer) -> Page[PluginView]:
    """Plugins, by name: used, switched off, or refused with every reason."""
    with asked.read() as tx:
        return Page(items=[_shown(asked, tx, name) for name in _names(asked, tx)])


@router.get("/{name}")
def get_plugin(asked: Viewer, name: str) -> PluginView:
    """One plugin."""
    with asked.read() as tx:
        return _shown(asked, tx, _known(asked, tx, name))


@router.get("/{name}/documents")
def get_plugin_documents(asked: Viewer, name: str) -> Page[PackDocumentView]:
    """What its policy packs hold, to be read and then applied; nothing is applied by this."""
    found = asked.services.plugging.documents(name)
    return Page(
        items=[PackDocumentView(pack=pack, name=one.name, text=one.text) for pack, one in found]
    )


@router.post("", status_code=201, response_model=PluginView)
def post_plugin(asked: Plugger, body: NewPlugin) -> Response:
    """Install a version from its wheel. Nothing of it runs, and nothing is fetched, by that."""
    earlier = asked.earlier()
    if earlier is not None:
        return earlier
    try:
        content = base64.b64decode(body.wheel, validate=True)
    except (binascii.Error, ValueError):
        raise malformed("it is no base64") from None
    plugging = asked.services.plugging
    wheel = read_wheel(content)

    def do(tx: Tx) -> PluginView:
        install_plugin(tx, wheel, frozenset(plugging.beside.loaded))
        # In here, where nobody else installs that version: what is noted is what lies there.
        plugging.place(wheel)
        asked.services.blobs.put(content)  # agents fetch it from there
        return _shown(asked, tx, wheel.manifest.name)

    return asked.once(do, status=201)


@router.post("/{name}/enable", response_model=PluginView)
def post_enabling(asked: Plugger, name: str, body: Enabling) -> Response:
    """Use it from now on, in that version: up to a new one, or back to an old one."""

    def do(tx: Tx) -> PluginView:
        _known(asked, tx, name)
        versions = [one.version for one in list_versions(tx, name)]
        version = body.version if body.version is not None else (versions[-1] if versions else "")
        if name in asked.services.plugging.beside.loaded:
            version = ""
        loaded = asked.services.plugging.look().loaded
        others = {other: manifest for other, manifest in loaded.items() if other != name}
        manifest = _manifest(asked, name, version)
        lost_by = [] if body.force else _lost_by(asked, tx, name, manifest)
        enable_plugin(tx, manifest, version, others, lost_by=lost_by)
        return _shown(asked, tx, name)

    return _decided(asked, name, do)


@router.post("/{name}/disable", response_model=PluginView)
def post_disabling(asked: Plugger, name: str) -> Response:
    """Use it no more; refused while something that it brings is used."""

    def do(tx: Tx) -> PluginView:
        _known(asked, tx, name)
        choice = list_choices(tx).get(name)
        manifest = _noted(asked, tx, name, choice.version if choice else "")
        users = [*_users(tx, manifest), *_runs_of(asked, tx, manifest.name)]
        disable_plugin(tx, manifest, users)
        return _shown(asked, tx, name)

    return _decided(asked, name, do)


@router.post("/{name}/grant", response_model=PluginView)
def post_granting(asked: Plugger, name: str, body: Granting) -> Response:
    """Say what it may do, all of it: what is not named is not granted."""
    named = [one.capability for one in body.granted or ()]
    if len(named) != len(set(named)):
        raise InvalidRequest(
            "a capability is granted twice", remedy=Remedy("Name all of its hosts at once.")
        )

    def do(tx: Tx) -> PluginView:
        _known(asked, tx, name)
        if body.granted is None:
            granted = _asked_for(asked, tx, name)
        else:
            granted = [Need(one.capability, tuple(sorted(set(one.hosts)))) for one in body.granted]
        is_beside = name in asked.services.plugging.beside.loaded
        asks = _asked_for(asked, tx, name)
        grant_plugin(tx, name, granted, is_beside=is_beside, asks=asks)
        return _shown(asked, tx, name)

    return _decided(asked, name, do)


@router.delete("/{name}/versions/{version}", status_code=204)
def delete_plugin_version(asked: Plugger, name: str, version: str) -> Response:
    """Remove a version that is not used, and that no deployment waits with."""

    def do(tx: Tx) -> None:
        remove_version(tx, name, version, _runs_of(asked, tx, name, version))
        asked.services.plugging.forget(name, version)

    return asked.once(do, status=204)


def _decided(asked: Asked, name: str, do: Callable[[Tx], PluginView]) -> Response:
    """Do it, and let this server see it at once; the answer shows how it is then."""
    asked.once(do)
    asked.services.plugging.look()
    with asked.read() as tx:
        content = _shown(asked, tx, name).model_dump_json(by_alias=True)
    return Response(content, media_type="application/json")


def _names(asked: Asked, tx: Tx) -> Sequence[str]:
    beside = asked.services.plugging.beside
    names = {*beside.loaded, *(one.name for one in beside.refused)}
    return sorted(names | {one.name for one in list_versions(tx)})


def _known(asked: Asked, tx: Tx, name: str) -> str:
    if name in _names(asked, tx):
        return name
    raise UnknownPlugin(
        f"there is no plugin {name[:80]!r}",
        remedy=Remedy("See which there are.", "stella plugin list"),
        plugin=name[:80],
    )


def _manifest(asked: Asked, name: str, version: str) -> Manifest:
    found = asked.services.plugging.manifest(name, version)
    if found is None:
        raise UnknownPlugin(
            f"version {version[:40]!r} of the plugin {name[:80]!r} is not here",
            remedy=Remedy("Install it again.", "stella plugin install WHEEL"),
            plugin=name[:80],
        )
    return found


def _asked_for(asked: Asked, tx: Tx, name: str) -> Sequence[Need]:
    """What its newest version asks for."""
    versions = [one.version for one in list_versions(tx, name)]
    return _noted(asked, tx, name, versions[-1] if versions else "").needs


def _noted(asked: Asked, tx: Tx, name: str, version: str) -> Manifest:
    """As on the disk; where its files are gone, as it was noted when it was installed."""
    if asked.services.plugging.manifest(name, version) is None:
        for one in list_versions(tx, name):
            if one.version == version and one.manifest is not None:
                return one.manifest
    return _manifest(asked, name, version)


def _lost_by(asked: Asked, tx: Tx, name: str, after: Manifest) -> Sequence[str]:
    """What uses something that the version in use brings, and ``after`` does not."""
    choice = list_choices(tx).get(name)
    if choice is None or not choice.is_enabled:
        return ()
    before = _noted(asked, tx, name, choice.version)
    lost = tuple(c for c in before.contributes if after.contribution(c.kind, c.name) is None)
    return _users(tx, replace(before, contributes=lost))


def _users(tx: Tx, manifest: Manifest) -> list[str]:
    """What uses something that it brings: integrations, targets, environments, workflows."""
    brought = {(one.kind, one.name) for one in manifest.contributes}
    listed = [one.integration for one in list_integrations(tx)]
    users = [f"integration {one.name}" for one in listed if (one.kind, one.connector) in brought]
    targets = list_targets(tx)
    users += [f"target {one.name}" for one in targets if (Kind.TARGET, one.connector) in brought]
    users += [
        f"environment {one.name}"
        for one in list_environments(tx)
        if any((Kind.STEP, use.step) in brought for use in (*one.steps_before, *one.steps_after))
    ]
    users += [f"workflow {one}" for one in workflows_using(tx, _steps(brought))]
    return users


def _steps(brought: Collection[tuple[Kind, str]]) -> frozenset[str]:
    return frozenset(name for kind, name in brought if kind is Kind.STEP)


def _runs_of(asked: Asked, tx: Tx, name: str, version: str | None = None) -> list[str]:
    """Deployments that have a step of the plugin still to do, or a target that it brings: theirs, or
    of the deployment before, to which they may have to go back. Take-downs of such targets, and runs of
    workflows with such a step.
    """
    found = [one.deployment for one in list_open_steps(tx, name, version)]
    for one in list_open_deployments(tx):
        plans = [one.plan]
        if one.previous is not None:
            plans.append(find_deployment(tx, one.previous).plan)
        if any(_brings_targets(asked, plan, name, version) for plan in plans):
            found.append(one.id)
    taking = [
        one.id
        for one in list_open_take_downs(tx)
        if _brings(_removed(asked, one.plan), name, version)
    ]
    return [
        *(f"deployment {one}" for one in dict.fromkeys(found)),
        *(f"take-down {one}" for one in taking),
        *(f"run {one}" for one in runs_pinning(tx, name, version)),
    ]


def _removed(asked: Asked, plan: str) -> Sequence[PlannedTarget]:
    return read_take_down_plan(asked.services.blobs.get(Digest(plan))).targets


def _brings_targets(asked: Asked, plan: str, name: str, version: str | None) -> bool:
    """Whether the plugin (in that version) brings the connector of a target of the plan."""
    return _brings(read_plan(asked.services.blobs.get(Digest(plan))).targets, name, version)


def _brings(targets: Sequence[PlannedTarget], name: str, version: str | None) -> bool:
    named = [plugin for one in targets if (plugin := plugin_of_target(one)) is not None]
    return any(one.name == name and version in {None, one.version} for one in named)


def _shown(asked: Asked, tx: Tx, name: str) -> PluginView:
    versions = [one.version for one in list_versions(tx, name)]
    return plugin_view(asked.services, name, list_choices(tx).get(name), versions)
