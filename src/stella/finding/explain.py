"""Why is this a finding, and why is it none? Every component that a vulnerability could concern."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from stella.advisory import Package, Record, judge, why_not
from stella.finding.match import outlook
from stella.finding.subject import Subject, subject_of
from stella.reach import Evidence, Reach, reach_of
from stella.sbom import Component, Inventory

_NAMED_MAX = 4


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

    purl, version: "" where no component has the record's name. package: "Debian:12 openssl", several
        where the component is of none of them. rated: how bad, by source, in words.
    reason: for people, the range compared in it. fixed: what mends it, "" where none is known.
    reach: whether it can be reached; reached_by: how that is known, "" where nobody has looked.
    """

    advisory: str
    package: str
    purl: str
    version: str
    outcome: Outcome
    reason: str
    fixed: str = ""
    rated: tuple[str, ...] = ()
    reach: str = Reach.UNKNOWN.value
    reached_by: str = ""


def explain_name(
    inventory: Inventory,
    records: Iterable[tuple[Package, Record]],
    ecosystems: Collection[str],
    evidence: Evidence | None = None,
) -> tuple[Explained, ...]:
    """Each record beside each component it could concern, sorted; one row where none is here at all.

    records: every one of the vulnerability, with its package. ecosystems: those that the snapshot
    holds, so that what has no feed is told from what is safe. evidence: what is linked in the image.
    """
    asked = [(component, subject_of(component)) for component in inventory.components]
    listed = sorted(records, key=lambda one: (one[1].id, one[0]))
    found: list[Explained] = []
    for component, subject in asked:
        near = [one for one in listed if _is_near(one[0], component, subject)]
        rows = [
            _with_reach(_beside(*one, component, subject, ecosystems), evidence, component, one[1])
            for one in near
        ]
        # Where a record of its own release decides, those of other releases say nothing more.
        own = [row for row in rows if row.outcome is not Outcome.ELSEWHERE]
        found += own or _joined(rows)
    if not found:
        found = [_absent(listed)] if listed else []
    return tuple(sorted(set(found)))


def _with_reach(
    row: Explained, evidence: Evidence | None, component: Component, record: Record
) -> Explained:
    if row.outcome not in {Outcome.AFFECTED, Outcome.UNKNOWN_VERSION}:
        return row
    reached = reach_of(evidence, component, record)
    why = reached.why
    words = [] if why is None else [why.reason, *why.files[:1], *why.symbols, *why.chain]
    return replace(row, reach=reached.reach.value, reached_by=", ".join(words))


def _joined(rows: list[Explained]) -> list[Explained]:
    """One row for all the releases that a component is not of."""
    if not rows:
        return []
    return [replace(rows[0], package=_several([row.package for row in rows]))]


def _absent(records: list[tuple[Package, Record]]) -> Explained:
    package, record = records[0]
    names = sorted({one.name for one, _ in records})
    places = [f"{one.ecosystem} {one.name}" for one, _ in records]
    reason = f"nothing here is called {_several(names)}"
    row = _explained(package, record, None, Outcome.NO_COMPONENT, reason)
    return replace(row, package=_several(places))


def _several(texts: list[str]) -> str:
    different = list(dict.fromkeys(texts))
    rest = len(different) - _NAMED_MAX
    return ", ".join(different[:_NAMED_MAX]) + (f" and {rest} more" if rest > 0 else "")


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
        rated=rated_by(record),
    )


def rated_by(record: Record) -> tuple[str, ...]:
    """What each source says of it, where it says anything; then EPSS and CISA's catalogue."""
    own = f"{record.severity} {record.cvss}".strip()
    others = [f"{one.source}: {one.severity} {one.cvss}".strip() for one in record.ratings]
    likely = [] if record.epss_ppm is None else [f"EPSS {record.epss_ppm / 10_000:.2f} %"]
    exploited = ["known exploited"] if record.kev else []
    return (own, *others, *likely, *exploited)
