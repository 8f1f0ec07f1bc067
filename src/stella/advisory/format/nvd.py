"""NVD's JSON 2.0, https://nvd.nist.gov/developers/vulnerabilities: scores, and products named by CPE."""

import re
from collections.abc import Iterator

import msgspec

from stella.advisory.format.item import (
    LISTED_MAX,
    Assessment,
    Entry,
    Item,
    Withdrawn,
    is_name,
    one_line,
)
from stella.advisory.model import SEVERITIES, Package, Record, Skipped, Span
from stella.advisory.severity import severity_of_vector, severity_of_word

_PART = re.compile(r"(?:\\.|[^:\\])*")
_UNESCAPE = re.compile(r"\\(.)")
_METRICS = ("cvssMetricV31", "cvssMetricV30", "cvssMetricV40", "cvssMetricV2")
_SOURCES = {"nvd@nist.gov": "NVD", "134c704f-9b21-4f2e-91b3-4a467353bcc0": "CISA-ADP"}


class _Cvss(msgspec.Struct, frozen=True, rename="camel"):
    vector_string: str = ""
    base_severity: str = ""


class _Metric(msgspec.Struct, frozen=True, rename="camel"):
    source: str = ""
    cvss_data: _Cvss = _Cvss()
    base_severity: str = ""


class _Text(msgspec.Struct, frozen=True):
    lang: str
    value: str


class _Match(msgspec.Struct, frozen=True, rename="camel"):
    vulnerable: bool
    criteria: str
    version_start_including: str = ""
    version_start_excluding: str = ""
    version_end_including: str = ""
    version_end_excluding: str = ""


class _Node(msgspec.Struct, frozen=True):
    cpes: list[_Match] = msgspec.field(name="cpeMatch", default_factory=list)
    negate: bool = False


class _Configuration(msgspec.Struct, frozen=True):
    nodes: list[_Node] = []
    operator: str = "OR"


class _Cve(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    last_modified: str = ""
    vuln_status: str = ""
    descriptions: list[_Text] = []
    metrics: dict[str, list[_Metric]] = {}
    configurations: list[_Configuration] = []


class _Item(msgspec.Struct, frozen=True):
    cve: _Cve


class _Page(msgspec.Struct, frozen=True):
    vulnerabilities: list[msgspec.Raw]


_page = msgspec.json.Decoder(_Page)
_item = msgspec.json.Decoder(_Item)


def read_nvd(where: str, content: bytes) -> Iterator[Item]:
    """What each source says of each CVE; the products, as packages ``CPE``. Raises msgspec.DecodeError."""
    for number, raw in enumerate(_page.decode(content).vulnerabilities):
        try:
            cve = _item.decode(raw).cve
        except msgspec.DecodeError as error:
            yield Skipped(f"{where}[{number}]", f"malformed: {str(error)[:150]}")
            continue
        if not is_name(cve.id):
            yield Skipped(where, "a record without a usable name")
            continue
        summary = next((one_line(text.value) for text in cve.descriptions if text.lang == "en"), "")
        if cve.vuln_status == "Rejected":
            yield Withdrawn(cve.id, cve.last_modified, "NVD")
            yield Assessment(
                cve.id, "NVD", "unknown", "", summary, cve.last_modified, is_rejected=True
            )
            continue
        ratings = _ratings(cve)
        for source, (severity, vector) in (ratings or {"NVD": ("unknown", "")}).items():
            yield Assessment(cve.id, source, severity, vector, summary, cve.last_modified)
        severity, vector = ratings.get("NVD") or next(iter(ratings.values()), ("unknown", ""))
        for package, (spans, versions) in sorted(_products(cve).items()):
            record = Record(
                id=cve.id,
                scheme="generic",
                spans=tuple(spans),
                versions=tuple(sorted(versions)),
                severity=severity,
                cvss=vector,
                summary=summary,
            )
            yield Entry(package, record, cve.last_modified, "NVD")


def _ratings(cve: _Cve) -> dict[str, tuple[str, str]]:
    """Source -> what it says, in the newest version of CVSS that it says it in."""
    found: dict[str, tuple[str, str]] = {}
    for kind in _METRICS:
        for metric in cve.metrics.get(kind, []):
            vector = metric.cvss_data.vector_string
            word = severity_of_word(metric.cvss_data.base_severity or metric.base_severity)
            severity = severity_of_vector(vector) or word or "unknown"
            source = _SOURCES.get(metric.source, metric.source)[:80]
            if is_name(source) and severity in SEVERITIES:
                found.setdefault(source, (severity, vector[:200]))
    return found


def _products(cve: _Cve) -> dict[Package, tuple[list[Span], set[str]]]:
    """``vendor:product`` -> versions. What is only the ground that another runs on is left out."""
    found: dict[Package, tuple[list[Span], set[str]]] = {}
    count = 0
    for configuration in cve.configurations:
        for node in configuration.nodes:
            for match in node.cpes if not node.negate else []:
                count += 1
                parts = cpe_parts(match.criteria)
                if not match.vulnerable or parts is None or count > LISTED_MAX:
                    continue
                spans, versions = found.setdefault(Package("CPE", parts[0]), ([], set()))
                span = _span(match)
                if span is not None:
                    spans += [span] if span not in spans else []
                elif parts[1] not in {"*", "-"}:
                    versions.add(parts[1])
                elif parts[1] == "*" and Span() not in spans:
                    spans.append(Span())
    return found


def _span(match: _Match) -> Span | None:
    low, high = match.version_start_including, match.version_end_including
    after, fixed = match.version_start_excluding, match.version_end_excluding
    if not (low or high or after or fixed):
        return None
    return Span("0" if after else low or "0", fixed=fixed, last="" if fixed else high, after=after)


def cpe_parts(text: str) -> tuple[str, str] | None:
    """``cpe:2.3:a:vendor:product:1.0:...`` -> ("vendor:product", "1.0"); None where it is no CPE."""
    parts = [_UNESCAPE.sub(r"\1", one) for one in _PART.findall(text[:1000]) if one]
    if text.startswith("cpe:2.3:") and len(parts) >= 6:
        name, version, update = (
            f"{parts[3]}:{parts[4]}",
            parts[5],
            parts[6] if len(parts) > 6 else "*",
        )
        if not is_name(name):
            return None
        return name, version if update in {"*", "-"} or version in {
            "*",
            "-",
        } else f"{version}-{update}"
    return None
