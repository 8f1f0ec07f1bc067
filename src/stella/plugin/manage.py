"""Install, switch on and off, grant, and remove plugins."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stella.kernel import Remedy
from stella.plugin.contract.core import Manifest, Need
from stella.plugin.facts import (
    PluginDisabled,
    PluginEnabled,
    PluginGranted,
    PluginInstalled,
    PluginRemoved,
)
from stella.plugin.load import clashes
from stella.plugin.manifest import hosts_left_out, reasons_against
from stella.plugin.refusals import MalformedWheel, PluginBroken, PluginInUse
from stella.plugin.store import (
    Choice,
    InstalledVersion,
    delete_version,
    find_version,
    list_choices,
    list_versions,
    put_choice,
    put_version,
)
from stella.plugin.wheel import PluginWheel, malformed
from stella.record.transaction import Tx


def install_plugin(tx: Tx, wheel: PluginWheel, beside: frozenset[str]) -> bool:
    """Note that a version is here; whether it was not before. It is not switched on by that.

    beside: names of the plugins that are installed beside the server. Raises MalformedWheel where
    another wheel has that name and version, a plugin beside the server has the name, or the versions
    that are here are another publisher's: what was granted to one is not granted to another.
    """
    manifest = wheel.manifest
    if manifest.name in beside:
        raise malformed(f"a plugin {manifest.name} is installed beside the server itself")
    installed = list_versions(tx, manifest.name)
    _refuse_stranger(manifest, installed)
    for known in installed:
        if known.version == manifest.version:
            if known.wheel == wheel.digest.text:
                return False
            raise malformed(
                f"{manifest.name} {manifest.version} is here already, as another wheel; "
                "give this one a version of its own"
            )
    put_version(tx, manifest, wheel.digest.text, wheel.tree)
    tx.add(PluginInstalled(manifest.name, manifest.version, manifest.publisher, wheel.digest.text))
    return True


def _refuse_stranger(manifest: Manifest, installed: Sequence[InstalledVersion]) -> None:
    for known in installed:
        before = known.manifest.publisher if known.manifest else manifest.publisher
        if before != manifest.publisher:
            raise MalformedWheel(
                f"the wheel cannot be installed: it is published by {manifest.publisher!r}, and "
                f"{manifest.name} {known.version}, which is here, by {before!r}",
                remedy=Remedy(
                    "Where it has changed hands, remove every version of it first, and grant what "
                    "comes then anew.",
                    f"stella plugin remove {manifest.name} {known.version}",
                ),
                plugin=manifest.name,
                publisher=before,
            )


def enable_plugin(
    tx: Tx,
    manifest: Manifest,
    version: str,
    others: Mapping[str, Manifest],
    *,
    lost_by: Sequence[str] = (),
) -> Choice:
    """Use it from now on, in that version; empty: the one beside the server. others: used ones.

    lost_by: what uses something that the version before brings, and this one does not. Raises
    PluginInUse for these, PluginBroken with every reason where it asks for more than it is granted,
    or brings what another one brings; UnknownPlugin.
    """
    if lost_by:
        raise PluginInUse(
            f"{manifest.name} {manifest.version} no longer brings what {', '.join(lost_by[:10])} uses",
            remedy=Remedy(
                "Let them use something else first, or force it.",
                f"stella plugin enable {manifest.name} --version {manifest.version} --force",
            ),
            plugin=manifest.name,
            used_by=list(lost_by),
        )
    if version:
        find_version(tx, manifest.name, version)
    before = list_choices(tx, lock=True).get(manifest.name, Choice(manifest.name))
    reasons = clashes(manifest, others)
    if before.granted is not None or version:
        reasons += reasons_against(manifest, before.granted or ())
    if reasons:
        raise PluginBroken(
            f"the plugin {manifest.name} cannot be used: {'; '.join(reasons)}",
            remedy=Remedy("Grant what it is to have.", f"stella plugin grant {manifest.name}"),
            plugin=manifest.name,
            reasons=reasons,
        )
    after = replace(before, version=version, is_enabled=True)
    if after != before:
        put_choice(tx, after)
        tx.add(PluginEnabled(manifest.name, version or manifest.version, before.version))
    return after


def disable_plugin(tx: Tx, manifest: Manifest, users: Sequence[str]) -> Choice:
    """Use it no more. users: what uses something that it brings. Raises PluginInUse."""
    if users:
        raise PluginInUse(
            f"what the plugin {manifest.name} brings is used by {', '.join(users[:10])}",
            remedy=Remedy("Let them use something else first."),
            plugin=manifest.name,
            used_by=list(users),
        )
    before = list_choices(tx, lock=True).get(manifest.name, Choice(manifest.name, is_enabled=True))
    after = replace(before, is_enabled=False)
    put_choice(tx, after)
    if before.is_enabled:
        tx.add(PluginDisabled(manifest.name, before.version or manifest.version))
    return after


def grant_plugin(
    tx: Tx, name: str, granted: Sequence[Need], *, is_beside: bool, asks: Sequence[Need] = ()
) -> Choice:
    """Say what it may do, all of it: what is not named is not granted.

    asks: what it asks for. A capability that is granted without hosts is granted for those that it
    asks for, and they are noted. is_beside: it is installed beside the server, and used where nobody
    has decided. Raises PluginBroken with every host that it needs and a grant leaves out.
    """
    wanted = {one.capability: one.hosts for one in asks}
    granted = [
        one if one.hosts else Need(one.capability, wanted.get(one.capability, ()))
        for one in granted
    ]
    reasons = hosts_left_out(asks, granted)
    if reasons:
        raise PluginBroken(
            f"the plugin {name} cannot do with that: {'; '.join(reasons)}",
            remedy=Remedy("Grant all of its hosts, or the capability not at all."),
            plugin=name,
            reasons=list(reasons),
        )
    before = list_choices(tx, lock=True).get(name, Choice(name, is_enabled=is_beside))
    after = replace(before, granted=tuple(granted))
    if after != before:
        put_choice(tx, after)
        tx.add(PluginGranted(name, tuple(_words(one) for one in granted)))
    return after


def remove_version(tx: Tx, name: str, version: str, users: Sequence[str] = ()) -> None:
    """It is here no more. users: what runs, and began with that version.

    Raises UnknownPlugin, PluginInUse where it is the one that is used, or something needs it.
    """
    find_version(tx, name, version)
    choice = list_choices(tx, lock=True).get(name)
    if choice is not None and choice.is_enabled and choice.version == version:
        raise PluginInUse(
            f"{name} {version} is switched on",
            remedy=Remedy("Switch it off first.", f"stella plugin disable {name}"),
            plugin=name,
        )
    if users:
        raise PluginInUse(
            f"{name} {version} is what {', '.join(users[:10])} began with",
            remedy=Remedy("Wait until that has ended.", "stella deploy list"),
            plugin=name,
            used_by=list(users),
        )
    delete_version(tx, name, version)
    if choice is not None and not choice.is_enabled:
        chosen = "" if choice.version == version else choice.version
        # Where none is left, what comes under that name later may be somebody else's.
        granted = choice.granted if list_versions(tx, name) else None
        put_choice(tx, replace(choice, version=chosen, granted=granted))
    tx.add(PluginRemoved(name, version))


def _words(need: Need) -> str:
    return (
        f"{need.capability.value} to {', '.join(need.hosts)}"
        if need.hosts
        else need.capability.value
    )
