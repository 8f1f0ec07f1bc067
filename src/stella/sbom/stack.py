"""Layers on top of each other, asked about one path at a time: what lies there in the end."""

from collections.abc import Collection, Sequence

import msgspec

from stella.sbom.facts import LayerFacts, Script
from stella.sbom.rootfs import Hidden

_LINKS_MAX = 40
_PATH_LETTERS_MAX = 4096
_DEPTH_MAX = 255


class Lies(msgspec.Struct, frozen=True):
    """What lies at a path, and the index of the layer that brought it.

    script: of one that begins with ``#!`` or that is a shell's by its name. is_program: it may be run.
    """

    path: str
    layer: int
    script: Script | None
    is_program: bool


class Stack:
    """The layers of one image, bottom first. Paths are relative to its root, without first slash."""

    def __init__(self, layers: Sequence[LayerFacts]) -> None:
        self._layers = layers
        self._hidden = [Hidden(layer) for layer in layers]
        self._sources = [frozenset((*layer.sources, *layer.libraries)) for layer in layers]
        self._links = frozenset[str]().union(*(layer.links for layer in layers))

    def replaced(self, asked: Sequence[Collection[str]]) -> list[frozenset[str]]:
        """Of the paths that are asked of each layer, those that a layer above deletes or replaces."""
        above, found = Hidden(), list[frozenset[str]]()
        for layer, paths in zip(reversed(self._layers), reversed(asked), strict=True):
            found.append(frozenset(path for path in paths if above.replaces(path)))
            above.add(layer)
        return found[::-1]

    def find(self, path: str) -> Lies | None:
        """What lies at ``path`` in the end, links followed; None where nothing is known of it."""
        for _ in range(_LINKS_MAX):
            if len(path) > _PATH_LETTERS_MAX or path.count("/") > _DEPTH_MAX:
                return None
            whole = self._without_links(path)
            if whole is None:
                return None
            if whole == path:
                return self._at(path)
            path = whole
        return None

    def _without_links(self, path: str) -> str | None:
        """The path with its first link, of a directory or at its end, replaced by the target."""
        end = path.find("/")
        while end >= 0:
            target = self._link(path[:end])
            if target is not None:
                return f"{target}{path[end:]}"
            end = path.find("/", end + 1)
        target = self._link(path)
        return path if target is None else target

    def _link(self, path: str) -> str | None:
        if path not in self._links:
            return None
        for number in range(len(self._layers) - 1, -1, -1):
            if path in self._layers[number].links:
                return self._layers[number].links[path]
            if self._is_end(number, path):
                return None
        return None

    def _at(self, path: str) -> Lies | None:
        for number in range(len(self._layers) - 1, -1, -1):
            layer = self._layers[number]
            if path in layer.programs:
                script = layer.programs[path]
                return Lies(path, number, script, is_program=script is None or _is_run(script))
            if path in layer.files or path in self._sources[number]:
                return Lies(path, number, None, is_program=False)
            if self._is_end(number, path):
                return None
        return None

    def _is_end(self, number: int, path: str) -> bool:
        return self._hidden[number].replaces(path)


def _is_run(script: Script) -> bool:
    """A shell's script without ``#!`` is only read by its shell."""
    return script.interpreter != ()
