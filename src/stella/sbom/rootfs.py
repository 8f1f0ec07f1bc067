"""Layers -> what a container would see, for the files of interest. Source: image-spec, "Layer"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stella.sbom.facts import FileFacts, LayerFacts, Link, Unread

_LINKS_MAX = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """One file of interest of the merged image, and the index of the layer it comes from."""

    facts: FileFacts
    layer: int


def merge(layers: Sequence[LayerFacts]) -> list[dict[str, Seen]]:
    """The merged files after each layer, bottom first: the last element is the whole image.

    A symbolic link is followed only at the very end (``resolved``): its target may change above it.
    """
    states: list[dict[str, Seen]] = []
    below: dict[str, Seen] = {}
    for index, layer in enumerate(layers):
        hidden = Hidden(layer)
        state = {path: seen for path, seen in below.items() if not hidden.hides(path)}
        for path, facts in layer.files.items():
            if isinstance(facts, Link) and facts.is_hard:
                target = below.get(facts.target)
                facts = target.facts if target else _lost(facts)  # noqa: PLW2901
            state[path] = Seen(facts, index)
        states.append(state)
        below = state
    return states


def resolved(state: Mapping[str, Seen], path: str) -> Seen | None:
    """The file at ``path``, symbolic links followed as far as files of interest go."""
    seen = state.get(path)
    for _ in range(_LINKS_MAX):
        if seen is None or not isinstance(seen.facts, Link):
            return seen
        target = state.get(seen.facts.target)
        seen = target or Seen(_lost(seen.facts), seen.layer)
    return Seen(Unread("its links lead in a circle"), seen.layer) if seen else None


class Hidden:
    """What one layer, or several on top of each other, hide of those below them."""

    def __init__(self, *layers: LayerFacts) -> None:
        self._gone: set[str] = set()
        # A file where a directory was hides what lay in it; at its own path it simply replaces.
        self._containers: set[str] = set()
        self._files: set[str] = set()
        self._is_all = False
        for layer in layers:
            self.add(layer)

    def add(self, layer: LayerFacts) -> None:
        """One more layer, from the top down."""
        gone = (
            *(layer.removed, layer.replaced, layer.programs),
            *(layer.sources, layer.links, layer.libraries),
        )
        self._gone.update(*gone)
        self._containers.update(*gone, layer.opaque, layer.files)
        self._files.update(layer.files)
        self._is_all |= "" in layer.opaque

    def replaces(self, path: str) -> bool:
        """Whether ``path`` of a layer below is hidden, or has another file in its place."""
        return path in self._files or self.hides(path)

    def hides(self, path: str) -> bool:
        """Whether ``path`` of a layer below is gone, or lies in what is."""
        if self._is_all or path in self._gone:
            return True
        end = path.rfind("/")
        while end > 0:
            if path[:end] in self._containers:
                return True
            end = path.rfind("/", 0, end)
        return False


def _lost(link: Link) -> Unread:
    kind = "hard" if link.is_hard else "symbolic"
    return Unread(f"a {kind} link to /{link.target}, which is not kept as a package file")
