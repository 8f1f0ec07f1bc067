"""Why is this a finding, and why is it none? Every component that a vulnerability could concern."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from stella.advisory import Package, Record, judge, why_not
from stella.finding.match import outlook
from stella.finding.subject import Subject, subject_of
from stella.sbom import Component, Inventory


class Outcome(StrEnum):
    """What became of one component beside one record."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    UNKNOWN_VERSION = "unknown_version"
    ELSEWHERE = "elsewhere"  # the record speaks of another ecosystem or release
    NO_FEED = "no_feed"  # the snapshot holds nothing of the component's ecosystem
    NO_COMPONENT = "no_component"  # nothing in the inventory has such a name


@dataclass(frozen=True, slots=True, order=True)
class Explained:
    """One record beside one component.

    purl, version: "" where no component has the record's name. package: "Debian:12 openssl".
    reason: for people, the range compared in it. fixed: what mends it, "" where none is known.
    """

    advisory: str
    package: str
    purl: str
    version: str
    outcome: Outcome
    reason: str
    fixed: str = ""


def explain_name(
    inventory: Inventory,
    records: Iterable[tuple[Package, Record]],
    ecosystems: Collection[str],
) -> tuple[Explained, ...]:
    """Each record beside each component it could concern, sorted.

    records: every one of the vulnerability, with its package. ecosystems: those that the snapshot
    holds, so that what has no feed is told from what is safe.
    """
    asked = [(component, subject_of(component)) for component in inventory.components]
    found: set[Explained] = set()
    for package, record in records:
        near = [one for one in asked if _is_near(package, *one)]
        found |= {_beside(package, record, *one, ecosystems) for one in near}
        if not near:
            reason = f"nothing here is called {package.name}"
            found.add(_explained(package, record, None, Outcome.NO_COMPONENT, reason))
    return tuple(sorted(found))


def _is_near(package: Package, component: Component, subject: Subject) -> bool:
    """The same name in any ecosystem: of the component, of its source, or as it is looked up."""
    names = {component.name, component.source_name, *(one.name for one in subject.packages)}
    return package.name in names


def _beside(
    package: Package,
    record: Record,
    component: Component,
    subject: Subject,
    ecosystems: Collection[str],
) -> Explained:
    held = [one for one in subject.packages if one.ecosystem in ecosystems]
    own = held[0] if held else None
    if own is None:
        kind = component.distro or component.type
        reason = f"the snapshot holds no advisories for {kind}"
        return _explained(package, record, component, Outcome.NO_FEED, reason)
    if own != package:
        reason = f"it is looked up as {own.ecosystem} {own.name}"
        return _explained(package, record, component, Outcome.ELSEWHERE, reason)
    judged = judge(record, subject.version)
    if not judged.is_affected:
        reason = f"{subject.compared}: {why_not(record, subject.version)}"
        return _explained(package, record, component, Outcome.NOT_AFFECTED, reason)
    if not judged.is_known:
        reason = f"{subject.compared} cannot be compared with {judged.range}"
        outcome = Outcome.UNKNOWN_VERSION
    else:
        reason, outcome = f"{subject.compared} is within {judged.range}", Outcome.AFFECTED
    notes = [one for one in (subject.note, outlook(record)) if one]
    reason = "; ".join([reason, *notes])
    return _explained(package, record, component, outcome, reason, fixed=judged.fixed)


def _explained(
    package: Package,
    record: Record,
    component: Component | None,
    outcome: Outcome,
    reason: str,
    *,
    fixed: str = "",
) -> Explained:
    return Explained(
        advisory=record.id,
        package=f"{package.ecosystem} {package.name}",
        purl=component.purl if component else "",
        version=component.version if component else "",
        outcome=outcome,
        reason=reason,
        fixed=fixed,
    )
