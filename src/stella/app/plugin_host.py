"""Which plugins this server uses, and how: what was decided about each, as it is now.

Those installed beside the server are trusted and run in its process. Those that were installed as
wheels lie in ``data/plugins``, each version in a folder of its own, and run in processes of their own.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock

from stella.app.keys import data_unusable
from stella.kernel import Digest, Remedy
from stella.plugin import Plugins, RefusedPlugin
from stella.plugin.contract.core import Kind, Manifest, Need, Plugin
from stella.plugin.load import GRANTED, clashes
from stella.plugin.manifest import MANIFEST_FILE, narrowed, read_manifest, reasons_against
from stella.plugin.order import PluginReference
from stella.plugin.planned import refuse_unplanned
from stella.plugin.refusals import MalformedManifest, PluginBroken, UnknownPlugin
from stella.plugin.store import Choice, find_version, list_choices, list_versions
from stella.plugin.wheel import ENTRY_FILE, PluginWheel, changed_files, tree_on_disk
from stella.record import Database
from stella.sdk.apart.opened import plugin_apart
from stella.sdk.apart.process import PluginProcess, PluginSource

_DRAFT = ".draft"
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was decided when it was last looked at."""

    choices: Mapping[str, Choice]
    plugins: Plugins


class PluginHost:
    """The plugins of one server. Safe for threads. beside: what is installed beside it.

    required: what of CONFINEMENT the kernel must hold strangers' plugins to, or they do not run.
    """

    def __init__(
        self, data: Path, database: Database, beside: Plugins, *, required: tuple[str, ...]
    ) -> None:
        self._folder = data / "plugins"
        self._data = data
        self._database = database
        self.beside = beside
        self._required = required
        self._processes: dict[tuple[str, str], PluginProcess] = {}
        self._pinned: set[tuple[str, str]] = set()
        self._trees: Mapping[tuple[str, str], str] = {}
        self._seen: _Seen | None = None
        self._looked_at = 0.0
        self._lock = Lock()
        self._placing = Lock()

    def current(self) -> Plugins:
        """What is used now. Another server's decision is met within a second."""
        with self._lock:
            if self._seen is not None and time.monotonic() - self._looked_at < _LOOK_S:
                return self._seen.plugins
        return self.look()

    def look(self) -> Plugins:
        """What is used now, looked up anew."""
        with self._database.read() as tx:
            choices = list_choices(tx)
            trees = {(one.name, one.version): one.tree for one in list_versions(tx)}
        with self._lock:
            self._trees = trees
            self._looked_at = time.monotonic()
            if self._seen is None or self._seen.choices != choices:
                self._seen = _Seen(choices, self._assembled(choices))
                self._end_unused(choices)
            return self._seen.plugins

    def place(self, wheel: PluginWheel) -> None:
        """Let a version's folder hold this wheel, whole or not at all. Raises DataUnusable.

        What lies there as another wheel is what a kill left: who calls has found the wheel to be the
        one of that version.
        """
        folder = self._version_folder(wheel.manifest.name, wheel.manifest.version)
        draft = folder.with_name(_DRAFT)
        with self._placing:
            try:
                if tree_on_disk(folder) == wheel.tree:
                    return
                shutil.rmtree(draft, ignore_errors=True)
                for path, held in wheel.laid_out.items():
                    file = draft / path
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(held)
                if folder.exists():
                    shutil.rmtree(folder)
                draft.rename(folder)
            except OSError as error:
                shutil.rmtree(draft, ignore_errors=True)
                raise data_unusable(self._data, error) from error
        with self._lock:
            self._seen = None  # a version that was missing is there again

    def manifest(self, name: str, version: str) -> Manifest | None:
        """Of an installed plugin; version: empty for the one beside the server. None: not here."""
        if not version:
            return self.beside.loaded.get(name)
        folder = self._version_folder(name, version)
        try:
            module = (folder / ENTRY_FILE).read_text().partition(":")[0]
            return read_manifest(folder.joinpath(*module.split(".")) / MANIFEST_FILE)
        except (OSError, MalformedManifest):
            return None

    def changed(self) -> list[tuple[str, str]]:
        """Of the versions in use those whose files are not those of their wheels: name, and why."""
        self.look()
        with self._lock:
            used, trees = [*self._processes], self._trees
        return [
            (name, str(changed_files(name, version)))
            for name, version in used
            if trees.get((name, version), "")
            not in {"", tree_on_disk(self._version_folder(name, version))}
        ]

    def reference(self, kind: Kind, name: str) -> PluginReference | None:
        """Which version brings it, and what that may do; None for one beside the server.

        Raises UnknownConnector, UnknownPlugin.
        """
        plugins = self.current()
        owner = plugins.owner(kind, name)
        if owner.name in self.beside.loaded:
            return None
        with self._database.read() as tx:
            wheel = find_version(tx, owner.name, owner.version).wheel
            choice = list_choices(tx)[owner.name]
        granted = {one.capability: one for one in choice.granted or ()}
        asked = tuple(granted[need.capability] for need in owner.needs)
        return PluginReference(owner.name, owner.version, Digest(wheel), asked)

    def pinned(
        self, name: str, version: str, planned: PluginReference | None = None
    ) -> tuple[Manifest, Callable[[], Plugin]]:
        """That version, whatever is used now: what a run goes on with.

        planned: the wheel and the grants that were approved, where they were noted. Raises
        UnknownPlugin where it is not here, PluginBroken where it may not run any more,
        PluginNotAsPlanned where another wheel or another grant would run.
        """
        with self._database.read() as tx:
            choice = list_choices(tx).get(name)
            if planned is not None:
                refuse_unplanned(tx, planned, exactly=True)
        beside = self.beside.loaded.get(name)
        if beside is not None and beside.version == version:
            granted = GRANTED if choice is None or choice.granted is None else choice.granted
            return _allowed(beside, choice, granted), partial(self.beside.load, name)
        if beside is not None or choice is None or self.manifest(name, version) is None:
            raise UnknownPlugin(
                f"version {version[:40]} of the plugin {name[:80]} is not here any more",
                remedy=Remedy("Install it again, then deploy again."),
                plugin=name[:80],
                version=version[:40],
            )
        with self._lock:
            found = self._installed(replace(choice, version=version), {})
            if isinstance(found, RefusedPlugin):
                raise _may_not_run(name, found.reasons)
            self._pinned.add((name, version))
        return _allowed(found.manifest, choice, choice.granted or ()), partial(plugin_apart, found)

    def forget(self, name: str, version: str) -> None:
        """Remove the files of a version."""
        with self._lock:
            self._pinned.discard((name, version))
            process = self._processes.pop((name, version), None)
        if process is not None:
            process.close()
        shutil.rmtree(self._version_folder(name, version), ignore_errors=True)

    def close(self) -> None:
        """End every process of a plugin."""
        with self._lock:
            processes, self._processes = list(self._processes.values()), {}
        for process in processes:
            process.close()

    def _assembled(self, choices: Mapping[str, Choice]) -> Plugins:
        loaded: dict[str, Manifest] = {}
        loads: dict[str, Callable[[], Plugin]] = {}
        refused = list(self.beside.refused)
        for name, manifest in self.beside.loaded.items():
            choice = choices.get(name, Choice(name, is_enabled=True))
            if not choice.is_enabled:
                continue
            reasons = () if choice.granted is None else reasons_against(manifest, choice.granted)
            if reasons:
                refused.append(RefusedPlugin(name, reasons))
            else:
                granted = GRANTED if choice.granted is None else choice.granted
                loaded[name] = narrowed(manifest, granted)
                loads[name] = partial(self.beside.load, name)
        for name, choice in choices.items():
            if name in self.beside.loaded or not (choice.version and choice.is_enabled):
                continue
            found = self._installed(choice, loaded)
            if isinstance(found, RefusedPlugin):
                refused.append(found)
            else:
                loaded[name] = found.manifest
                loads[name] = partial(plugin_apart, found)
        return Plugins(loaded, tuple(refused), lambda name: loads[name]())

    def _installed(
        self, choice: Choice, loaded: Mapping[str, Manifest]
    ) -> "PluginProcess | RefusedPlugin":
        manifest = self.manifest(choice.name, choice.version)
        if manifest is None:
            return RefusedPlugin(choice.name, (f"version {choice.version} is not on the disk",))
        granted: tuple[Need, ...] = choice.granted or ()
        reasons = (*reasons_against(manifest, granted), *clashes(manifest, loaded))
        if reasons:
            return RefusedPlugin(choice.name, reasons)
        key, manifest = (choice.name, choice.version), narrowed(manifest, granted)
        known = self._processes.get(key)
        if known is not None and known.manifest == manifest:
            return known
        folder = self._version_folder(*key)
        entry, tree = (folder / ENTRY_FILE).read_text(), self._trees.get(key, "")
        source = PluginSource(manifest, entry, folder, self._required, tree)
        self._processes[key] = PluginProcess(source)
        if known is not None:
            known.close()  # it was granted something else
        return self._processes[key]

    def _end_unused(self, choices: Mapping[str, Choice]) -> None:
        """End what waits of a version that is used no more; a call under way ends as it began.

        What a run is pinned to is left to its idle time.
        """
        for key in [*self._processes]:
            if key in self._pinned:
                continue
            choice = choices.get(key[0])
            if choice is None or not choice.is_enabled or choice.version != key[1]:
                self._processes.pop(key).close()

    def _version_folder(self, name: str, version: str) -> Path:
        return self._folder / name / version


def _allowed(manifest: Manifest, choice: Choice | None, granted: tuple[Need, ...]) -> Manifest:
    """Asking for what it is granted. Raises PluginBroken."""
    reasons = reasons_against(manifest, granted)
    if choice is not None and not choice.is_enabled:
        reasons = (*reasons, "is switched off")
    if reasons:
        raise _may_not_run(manifest.name, reasons)
    return narrowed(manifest, granted)


def _may_not_run(name: str, reasons: tuple[str, ...]) -> PluginBroken:
    return PluginBroken(
        f"the plugin {name} cannot be used: {'; '.join(reasons)}",
        remedy=Remedy("Grant what it is to have, and switch it on.", f"stella plugin show {name}"),
        plugin=name,
        reasons=list(reasons),
    )
