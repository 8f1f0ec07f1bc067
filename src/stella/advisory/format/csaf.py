"""CSAF 2.0, https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html: advisories and VEX of vendors."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from stella.advisory.constraint import UnreadableConstraint, vers_spans
from stella.advisory.format.csaf_tree import Products, Target, Tree
from stella.advisory.format.item import Entry, Item, Withdrawn, is_name, one_line
from stella.advisory.model import SEVERITIES, Package, Rating, Record, Skipped, Span
from stella.advisory.severity import severity_of_vector, severity_of_word
from stella.advisory.versions import scheme_of, version_key

_WITHDRAWN = frozenset({"csaf_withdrawn", "csaf_superseded"})
_STATES = {
    "fixed": "fixed",
    "first_fixed": "fixed",
    "known_affected": "affected",
    "first_affected": "affected",
    "last_affected": "affected",
    "known_not_affected": "unaffected",
    "under_investigation": "asked",
}
_FIXES = {
    "out of support scope": "end_of_life",
    "will not fix": "will_not_fix",
    "fix deferred": "deferred",
}


class _Tracking(msgspec.Struct, frozen=True):
    id: str
    current_release_date: str = ""


class _Publisher(msgspec.Struct, frozen=True):
    name: str


class _Document(msgspec.Struct, frozen=True):
    category: str
    tracking: _Tracking
    publisher: _Publisher
    title: str = ""


class _Cvss(msgspec.Struct, frozen=True):
    vector: str = msgspec.field(name="vectorString", default="")


class _Score(msgspec.Struct, frozen=True):
    cvss_v3: _Cvss | None = None
    products: list[str] = []


class _Said(msgspec.Struct, frozen=True):
    """A remediation or a threat."""

    category: str
    details: str = ""
    product_ids: list[str] = []


class _Vulnerability(msgspec.Struct, frozen=True):
    cve: str = ""
    title: str = ""
    product_status: dict[str, list[str]] = {}
    scores: list[_Score] = []
    remediations: list[_Said] = []
    threats: list[_Said] = []


class _Csaf(msgspec.Struct, frozen=True):
    document: _Document
    product_tree: Tree = msgspec.field(default_factory=Tree)
    vulnerabilities: list[_Vulnerability] = []


_decoder = msgspec.json.Decoder(_Csaf)


@dataclass(slots=True)
class _Gathered:
    """What the document says of one package."""

    cves: set[str] = field(default_factory=set)
    targets: dict[str, set[Target]] = field(default_factory=dict)
    vectors: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    fixes: set[tuple[str, str]] = field(default_factory=set)


def read_csaf(where: str, content: bytes) -> Iterator[Item]:
    """A record for each package of an advisory, for each vulnerability too in a VEX document.

    Raises msgspec.DecodeError.
    """
    csaf = _decoder.decode(content)
    tracking = csaf.document.tracking
    if not is_name(tracking.id):
        yield Skipped(where, "a record without a usable name")
        return
    source = _source(csaf.document.publisher.name)
    if csaf.document.category in _WITHDRAWN:
        yield Withdrawn(tracking.id, tracking.current_release_date, source)
        yield Skipped(where, "withdrawn")
        return
    products = Products(csaf.product_tree)
    gathered: dict[tuple[str, Package], _Gathered] = {}
    skipped: Counter[str] = Counter()
    is_vex = csaf.document.category == "csaf_vex"
    for vulnerability in csaf.vulnerabilities:
        cve = vulnerability.cve if is_name(vulnerability.cve) else ""
        name = cve if is_vex and cve else tracking.id
        _gather(vulnerability, name, products, gathered, skipped)
    title = one_line(csaf.document.title)
    for (name, package), said in sorted(gathered.items()):
        record = _record(name, package, said, source, title)
        yield Entry(package, record, tracking.current_release_date, source)
    if not gathered and not skipped:
        skipped["a document that says nothing of a product"] += 1
    for reason, count in sorted(skipped.items()):
        for _ in range(count):
            yield Skipped(where, reason)


def _gather(
    vulnerability: _Vulnerability,
    name: str,
    products: Products,
    gathered: dict[tuple[str, Package], _Gathered],
    skipped: Counter[str],
) -> None:
    places: dict[str, _Gathered] = {}
    stated = [
        (one, _STATES[key])
        for key, ids in vulnerability.product_status.items()
        if key in _STATES
        for one in ids
    ]
    for product, state in stated:
        target = products.target(product)
        if isinstance(target, str):
            skipped[target] += 1
            continue
        said = gathered.setdefault((name, target.package), _Gathered())
        said.targets.setdefault(state, set()).add(target)
        if vulnerability.cve and (state != "unaffected" or name == vulnerability.cve):
            said.cves.add(vulnerability.cve)
        places[product] = said
    _gather_ratings(vulnerability, places)
    for remedy in vulnerability.remediations:
        fix = _fix(remedy)
        for product in remedy.product_ids if fix else []:
            if product in places:
                places[product].fixes.add((fix, one_line(remedy.details)))


def _gather_ratings(vulnerability: _Vulnerability, places: dict[str, _Gathered]) -> None:
    for score in vulnerability.scores:
        vector = score.cvss_v3.vector if score.cvss_v3 else ""
        for product in score.products if vector else []:
            if product in places:
                places[product].vectors.add(vector)
    for threat in vulnerability.threats:
        word = severity_of_word(threat.details) if threat.category == "impact" else None
        for product in (threat.product_ids or list(places)) if word else []:
            if product in places:
                places[product].words.add(word or "")


def _fix(remedy: _Said) -> str:
    if remedy.category == "no_fix_planned":
        return _FIXES.get(remedy.details.strip().lower(), "will_not_fix")
    if remedy.category in {"none_available", "fix_planned"}:
        return _FIXES.get(remedy.details.strip().lower(), "pending")
    return ""


def _record(name: str, package: Package, said: _Gathered, source: str, title: str) -> Record:
    scheme = scheme_of(package.ecosystem)
    spans, versions, notes = _affected(scheme, said, source)
    rated = [(severity_of_vector(one) or "unknown", one) for one in said.vectors]
    severity, vector = max(rated, key=_rank, default=("unknown", ""))
    word = max(said.words, key=SEVERITIES.index, default="unknown")
    ratings = (Rating(f"{source} impact", word),) if word not in {severity, "unknown"} else ()
    is_open = bool(spans or versions) and not any(span.fixed for span in spans)
    fix, reason = min(said.fixes, default=("", "")) if is_open else ("", "")
    return Record(
        id=name,
        aliases=tuple(sorted(said.cves - {name})),
        scheme=scheme,
        spans=spans,
        versions=versions,
        severity=word if severity == "unknown" else severity,
        cvss=vector,
        summary=title,
        ratings=() if severity == "unknown" else ratings,
        fix=fix,
        note="; ".join([*notes, *([reason] if reason else [])]),
        is_unaffected=not {"fixed", "affected", "asked"} & set(said.targets),
    )


def _affected(
    scheme: str, said: _Gathered, source: str
) -> tuple[tuple[Span, ...], tuple[str, ...], list[str]]:
    """Spans, versions, and what neither can say. Both empty: unknown, or not affected at all."""
    fixed = {one.version for one in said.targets.get("fixed", ()) if one.version}
    affected = said.targets.get("affected", set())
    is_rpm = any(one.is_rpm for targets in said.targets.values() for one in targets)
    if fixed and (is_rpm or not affected):
        # Of a language too: where only what mends is said, what is older is taken to be affected.
        return (Span(fixed=_lowest(scheme, fixed)),), (), []
    if affected:
        if is_rpm:
            return (Span(),), (), []
        spans, listed, notes = _listed(scheme, affected)
        return (
            spans,
            listed,
            [*notes, *([f"fixed in {', '.join(sorted(fixed)[:5])}"] if fixed else [])],
        )
    return (), (), [f"under investigation by {source}"] if "asked" in said.targets else []


def _listed(
    scheme: str, affected: set[Target]
) -> tuple[tuple[Span, ...], tuple[str, ...], list[str]]:
    """Versions of a language's package, one by one or as ranges."""
    spans: list[Span] = []
    for one in sorted(affected, key=lambda target: (target.vers, target.version)):
        try:
            if one.vers:
                spans += vers_spans(scheme, one.vers)
            elif not one.version:
                spans.append(Span())
        except UnreadableConstraint as error:
            return (), (), [f"range not understood: {str(error)[:80]}"]
    listed = {one.version for one in affected if one.version and not one.vers}
    return tuple(dict.fromkeys(spans)), tuple(sorted(listed)), []


def _lowest(scheme: str, versions: set[str]) -> str:
    keyed = [(version_key(scheme, one), one) for one in sorted(versions)]
    readable = [(key, one) for key, one in keyed if key is not None]
    return min(readable, key=lambda one: one[0])[1] if readable else min(versions)


def _rank(rated: tuple[str, str]) -> tuple[int, str]:
    return SEVERITIES.index(rated[0]), rated[1]


def _source(publisher: str) -> str:
    return "Red Hat" if publisher.startswith("Red Hat") else one_line(publisher)[:80] or "unnamed"
