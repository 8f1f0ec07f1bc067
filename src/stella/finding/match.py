"""Match an inventory against a snapshot: a pure function, so that a packet's slice repeats it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from stella.advisory import Judged, Package, Record, Snapshot, judge
from stella.finding.model import Finding, Findings, Match, Why
from stella.finding.subject import Subject, subject_of
from stella.kernel import Digest
from stella.reach import Evidence, reach_of
from stella.sbom import Component, Inventory


def match_inventory(
    inventory: Inventory, snapshot: Snapshot, evidence: Evidence | None = None
) -> Findings:
    """Every finding of the inventory, sorted by id and purl. What no feed covers is counted apart.

    evidence: what is linked in the image; without it nobody knows what can be reached.
    """
    assert evidence is None or evidence.image == inventory.subject, inventory.subject
    asked: list[tuple[Component, Subject, Package]] = []
    unmatched: Counter[str] = Counter()
    for component in inventory.components:
        subject = subject_of(component)
        held = [one for one in subject.packages if one.ecosystem in snapshot.ecosystems]
        if held:
            asked.append((component, subject, held[0]))
        else:
            unmatched[component.distro or component.type] += 1
    names: dict[str, set[str]] = {}
    for _, _, package in asked:
        names.setdefault(package.ecosystem, set()).add(package.name)
    records = {
        ecosystem: snapshot.candidates(ecosystem, wanted) for ecosystem, wanted in names.items()
    }
    # One source package gives many binary ones: its version is judged once.
    hits: dict[tuple[Package, str], list[tuple[Record, Judged]]] = {}
    for _, subject, package in asked:
        key = (package, subject.version)
        if key not in hits:
            held_records = records[package.ecosystem].get(package.name, ())
            hits[key] = _hits(held_records, subject.version)
    found: list[Finding] = []
    for component, subject, package in asked:
        if judged := hits[package, subject.version]:
            found += _findings(inventory.subject, component, subject, judged, evidence)
    found.sort(key=lambda finding: (finding.id, finding.purl))
    return Findings(
        image=inventory.subject,
        snapshot=snapshot.digest,
        findings=tuple(found),
        unmatched=dict(sorted(unmatched.items())),
        feeds={one.name: one.at for one in snapshot.feeds()},
    )


def packages_of(inventory: Inventory) -> list[Package]:
    """Every package that matching the inventory may ask a snapshot for, sorted: what to slice."""
    return sorted(
        {
            package
            for component in inventory.components
            for package in subject_of(component).packages
        }
    )


_OUTLOOKS = {
    "pending": "not mended yet",
    "deferred": "mending is deferred",
    "will_not_fix": "will not be mended",
    "end_of_life": "will not be mended, end of life",
}


def outlook(record: Record) -> str:
    """Whether the publisher will mend it, and what else it adds; "" where it says nothing."""
    if not record.fix:
        return record.note
    return "; ".join(part for part in (_OUTLOOKS.get(record.fix, ""), record.note) if part)


def _hits(records: Iterable[Record], version: str) -> list[tuple[Record, Judged]]:
    judged = [(record, judge(record, version)) for record in records]
    return [(record, one) for record, one in judged if one.is_affected]


def _findings(
    image: Digest,
    component: Component,
    subject: Subject,
    hits: list[tuple[Record, Judged]],
    evidence: Evidence | None,
) -> Iterator[Finding]:
    """One finding for each record that hit the component."""
    places = component.occurrences
    first = places[0] if places else None
    layer = first.layer.text if first and first.layer else ""
    paths = tuple(dict.fromkeys(place.path for place in places))
    paths = paths or ((component.evidence,) if component.evidence else ())
    for record, judged in hits:
        why = Why(
            package=f"{component.name} {component.version}",
            paths=paths,
            layer=layer,
            layer_index=first.layer_index if first else None,
            advisory=record.id,
            range=judged.range,
            compared=subject.compared,
        )
        reached = reach_of(evidence, component, record)
        yield Finding(
            id=record.id,
            aliases=record.aliases,
            purl=component.purl,
            component=component.name,
            version=component.version,
            image=image,
            match=Match.AFFECTED if judged.is_known else Match.UNKNOWN_VERSION,
            severity=record.severity,
            fixed=judged.fixed,
            kev=record.kev,
            why=why,
            cvss=record.cvss,
            summary=record.summary,
            note=subject.note or outlook(record),
            reach=reached.reach,
            reach_why=reached.why,
            epss_permille=None if record.epss_ppm is None else (record.epss_ppm + 500) // 1000,
        )
