"""A scan's result for people and for programs. No advisories is never the same as no findings."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import msgspec

from stella.cli.image_rules import IMAGE_RULES, image_failures
from stella.cli.traits_report import lasting_text, trait_lines
from stella.image import Image
from stella.kernel import Digest, Json, Remedy, Unknown
from stella.sbom import Component, Inventory, UnknownScanOption
from stella.sbom.entry.part import Part, part_in

if TYPE_CHECKING:
    from stella.finding import Finding, Findings
    from stella.sbom import Linked
    from stella.sbom.lifetime import Lifetime
    from stella.sbom.traits import Answer, EntryPoint

NO_ADVISORIES = Unknown("no advisories")
NO_ADVISORIES_REMEDY = "Import a feed, then scan with --advisories SNAPSHOT."

SEVERITIES = ("critical", "high", "medium", "low")
_FINDING_RULES = (*SEVERITIES, "any", "kev", "unknown")
_RULES = (*_FINDING_RULES, *IMAGE_RULES)


@dataclass(frozen=True, slots=True)
class Scanned:
    """One inventory and what was found in it. image: None for directories and SBOM files.

    linked: what its programs are linked of; None where nobody has looked.
    """

    inventory: Inventory
    sbom: bytes
    findings: "Findings | Unknown"
    image: Image | None = None
    lasting: "Lasting | None" = None
    linked: "Linked | None" = None


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long the distribution gets updates, and whether that is over today."""

    lifetime: "Lifetime"
    over: "Answer"


def scanned_json(one: Scanned) -> dict[str, Json]:
    """The whole result."""
    image = one.image
    return {
        "reference": str(image.reference) if image else None,
        "digest": image.digest.text if image else None,
        "sbom_digest": Digest.of(one.sbom).text,
        **inventory_json(one.inventory),
        "end_of_life": None if one.lasting is None else _lasting_json(one.lasting),
        "findings": _findings_json(one.findings, _entry_of(one.inventory)),
    }


def inventory_json(inventory: Inventory) -> dict[str, Json]:
    """Components with where each was seen."""
    return {
        "subject": inventory.subject.text,
        "name": inventory.name,
        "platform": inventory.platform,
        "distro": inventory.distro,
        "traits": None if inventory.traits is None else msgspec.to_builtins(inventory.traits),
        "components": [_component_json(component) for component in inventory.components],
        "partial": [asdict(partial) for partial in inventory.partial],
    }


def table_lines(one: Scanned) -> Iterator[str]:
    """Counts, findings, gaps; the packages themselves are in the other formats."""
    inventory = one.inventory
    counts = Counter(component.type for component in inventory.components)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    yield f"{inventory.name or 'sbom'}  {inventory.platform}  {inventory.distro}".rstrip()
    yield f"  digest      {inventory.subject}"
    yield f"  components  {len(inventory.components)} ({kinds or 'none'})"
    if one.lasting is not None and (inventory.traits is not None or inventory.distro):
        yield f"  end of life {lasting_text(one.lasting.lifetime, one.lasting.over)}"
    if inventory.traits is not None:
        yield from trait_lines(inventory.traits)
    if isinstance(one.findings, Unknown):
        yield f"  findings    unknown: {one.findings.reason}. {NO_ADVISORIES_REMEDY}"
    else:
        yield from _finding_lines(one.findings, _entry_of(inventory))
    for partial in inventory.partial:
        yield f"  not read    {partial.path}: {partial.reason}"


def _lasting_json(lasting: Lasting) -> dict[str, Json]:
    lifetime = lasting.lifetime
    return {"until": lifetime.until, "source": lifetime.source, "over": lasting.over.value}


def component_lines(inventory: Inventory) -> Iterator[str]:
    """One line a component, then the gaps."""
    for component in inventory.components:
        layers = {place.layer_index for place in component.occurrences} - {None}
        where = f"  layer {min(str(index) for index in layers)}" if layers else ""
        yield f"{component.type:<5} {component.name}  {component.version}{where}"
    for partial in inventory.partial:
        yield f"not read: {partial.path}: {partial.reason}"


def checked_rules(text: str) -> frozenset[str]:
    """The rules of ``--fail-on``, comma between them. Raises UnknownScanOption."""
    rules = frozenset(rule.strip() for rule in text.split(",") if rule.strip())
    for rule in sorted(rules - set(_RULES)):
        raise UnknownScanOption(
            f"--fail-on knows no rule {rule!r}", remedy=Remedy(f"Use {', '.join(_RULES)}.")
        )
    return rules


def failures(one: Scanned, rules: frozenset[str]) -> list[str]:
    """Why the rules fail this result; empty where they do not.

    Without advisories any rule about findings fails.
    """
    failed: list[str] = []
    if rules & set(IMAGE_RULES):
        assert one.lasting is not None, "it is looked up where a rule asks for it"
        lasting = one.lasting
        failed += image_failures(one.inventory.traits, lasting.lifetime, lasting.over, rules)
    if not rules & set(_FINDING_RULES):
        return failed
    if isinstance(one.findings, Unknown):
        reason = one.findings.reason
        return [*failed, f"unknown: {reason}; no rule can be judged. {NO_ADVISORIES_REMEDY}"]
    from stella.finding import is_open

    failed += [
        f"{finding.id} in {finding.component} {finding.version} ({finding.severity})"
        for finding in one.findings.findings
        if is_open(finding) and rules & set(_rules_hit(finding))
    ]
    if "unknown" in rules:
        failed += [f"no advisories for {key}" for key in sorted(one.findings.unmatched)]
        failed += [f"{gap.path} not read: {gap.reason}" for gap in one.inventory.partial]
    return failed


def _rules_hit(finding: "Finding") -> Iterator[str]:
    """A severity rule takes everything at least as severe."""
    from stella.finding import Match

    yield "any"
    if finding.kev:
        yield "kev"
    if finding.match is Match.UNKNOWN_VERSION or finding.severity == "unknown":
        yield "unknown"
    if finding.severity in SEVERITIES:
        yield from SEVERITIES[SEVERITIES.index(finding.severity) :]


def _entry_of(inventory: Inventory) -> "EntryPoint | None":
    return inventory.traits.entry if inventory.traits else None


def vex_mark(finding: "Finding") -> str:
    """``, not_affected (the vendor)``, or who was not heard, and why; "" where nobody speaks of it."""
    if finding.vex_why is None:
        return ""
    if finding.vex == "none":
        first = finding.vex_why.voices[0]
        return f", {first.status} says {first.issuer}: not heard, {first.why}"
    said_by = dict.fromkeys(one.issuer for one in finding.vex_why.voices if one.counts)
    return f", {finding.vex.value} ({', '.join(said_by)})"


def _finding_lines(findings: "Findings", entry: "EntryPoint | None") -> Iterator[str]:
    counts = Counter(finding.severity for finding in findings.findings)
    kinds = ", ".join(f"{count} {severity}" for severity, count in sorted(counts.items()))
    yield f"  findings    {len(findings.findings)}{f' ({kinds})' if kinds else ''}"
    yield f"  snapshot    {findings.snapshot}"
    for finding in findings.findings:
        why = finding.why
        fixed = f", fixed in {finding.fixed}" if finding.fixed else ", no fix known"
        kev = ", known exploited" if finding.kev else ""
        layer = "" if why.layer_index is None else f" layer {why.layer_index}"
        part = _PARTS.get(part_in(entry, finding.purl, why.paths), "")
        yield (
            f"    {finding.severity:<8} {finding.id}  {finding.component} {finding.version}"
            f"{fixed}{kev}{_REACHED.get(finding.reach.value, '')}{vex_mark(finding)}"
            f"  {', '.join(why.paths[:2])}{layer}{part}"
        )
    for key, count in sorted(findings.unmatched.items()):
        yield f"  unknown     no advisories for {count} components of {key}"


_REACHED = {"reachable": ", reachable", "unreachable": ", unreachable"}
_PARTS = {Part.PROGRAM: ", it is what is run", Part.WAY: ", on the way to what is run"}


def _findings_json(findings: "Findings | Unknown", entry: "EntryPoint | None") -> dict[str, Json]:
    if isinstance(findings, Unknown):
        return {"state": "unknown", "reason": findings.reason, "remedy": NO_ADVISORIES_REMEDY}
    return {
        "state": "matched",
        "snapshot": findings.snapshot.text,
        "unmatched": dict(sorted(findings.unmatched.items())),
        "findings": [_finding_json(finding, entry) for finding in findings.findings],
    }


def _finding_json(finding: "Finding", entry: "EntryPoint | None") -> dict[str, Json]:
    part = part_in(entry, finding.purl, finding.why.paths)
    return {
        "id": finding.id,
        "aliases": list(finding.aliases),
        "purl": finding.purl,
        "component": finding.component,
        "version": finding.version,
        "match": finding.match.value,
        "severity": finding.severity,
        "fixed": finding.fixed,
        "kev": finding.kev,
        "vex": finding.vex.value,
        "vex_why": asdict(finding.vex_why) if finding.vex_why else None,
        "reach": finding.reach.value,
        "reach_why": asdict(finding.reach_why) if finding.reach_why else None,
        "seen": finding.seen.value,
        "note": finding.note,
        "why": {**asdict(finding.why), "paths": list(finding.why.paths), "entry": part.value},
    }


def _component_json(component: Component) -> dict[str, Json]:
    return {
        "purl": component.purl,
        "type": component.type,
        "name": component.name,
        "version": component.version,
        "source_name": component.source_name,
        "source_version": component.source_version,
        "licence": component.licence,
        "evidence": component.evidence,
        "occurrences": [
            {
                "path": place.path,
                "layer": place.layer.text if place.layer else None,
                "layer_index": place.layer_index,
            }
            for place in component.occurrences
        ],
    }
