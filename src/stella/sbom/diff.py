"""What changed between two inventories."""

from dataclasses import dataclass

from stella.sbom.model import Component, Inventory


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One package that differs. ``before`` or ``after`` is empty where it is new or gone."""

    type: str
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``changed``."""
        if not self.before:
            return "added"
        return "changed" if self.after else "removed"


def diff_inventories(before: Inventory, after: Inventory) -> tuple[Change, ...]:
    """Every package whose versions differ, sorted by type and name. Place and layer do not count."""
    old, new = _versions(before.components), _versions(after.components)
    return tuple(
        Change(*key, tuple(sorted(old.get(key, ()))), tuple(sorted(new.get(key, ()))))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


def _versions(components: tuple[Component, ...]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for component in components:
        found.setdefault((component.type, component.name), set()).add(component.version)
    return found
