"""What it means to put one specification in the place of another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stella.kernel.canonical import Json


@dataclass(frozen=True, slots=True)
class Change:
    """What applying a document does: created, updated, unchanged or removed.

    diff: path, before, after; None where there is nothing.
    """

    kind: str
    name: str
    change: str
    diff: tuple[tuple[str, Json, Json], ...] = ()


def changed(
    kind: str, name: str, before: Mapping[str, Json] | None, after: Mapping[str, Json]
) -> Change:
    """What it means to put ``after`` in the place of ``before``."""
    if before is None:
        return Change(kind, name, "created", tuple(_differences("spec", None, after)))
    differences = tuple(_differences("spec", before, after))
    return Change(kind, name, "updated" if differences else "unchanged", differences)


def removed(kind: str, name: str, before: Mapping[str, Json]) -> Change:
    """What it means to put nothing in the place of ``before``."""
    return Change(kind, name, "removed", (("spec", before, None),))


def _differences(path: str, before: Json, after: Json) -> Iterator[tuple[str, Json, Json]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from _differences(f"{path}.{key}", before.get(key), after.get(key))
    elif before != after:
        yield (path, before, after)
