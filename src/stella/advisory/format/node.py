"""The Node Security working group's records, https://github.com/nodejs/security-wg (vuln/npm)."""

from collections.abc import Iterator

import msgspec

from stella.advisory.constraint import UnreadableConstraint, npm_spans
from stella.advisory.format.item import Entry, Item, is_name, one_line
from stella.advisory.model import Package, Record, Skipped
from stella.advisory.severity import severity_of_score, severity_of_vector


class NodeRecord(msgspec.Struct, frozen=True):
    """One vulnerability of one npm package. patched_versions: ranges again, or "<0.0.0" for none."""

    id: int | str
    module_name: str
    vulnerable_versions: str | None
    title: str = ""
    overview: str = ""
    updated_at: str = ""
    cves: list[str] | None = None
    cvss_vector: str | None = None
    cvss_score: float | str | None = None
    patched_versions: str | None = None


_decoder = msgspec.json.Decoder(NodeRecord)


def read_node(where: str, content: bytes) -> Iterator[Item]:
    """The record. A range that cannot be read is shown as unknown. Raises msgspec.DecodeError."""
    found = _decoder.decode(content)
    name = found.module_name.strip()
    if not is_name(name):
        yield Skipped(where, "a record without a usable name")
        return
    note = ""
    try:
        spans = npm_spans(found.vulnerable_versions or "")
        if not spans:
            yield Skipped(where, "a range that holds no version")
            return
    except UnreadableConstraint as error:
        spans, note = (), f"range not understood: {str(error)[:80]}"
    vector = found.cvss_vector or ""
    severity = severity_of_vector(vector) or severity_of_score(str(found.cvss_score or ""))
    yield Entry(
        Package("npm", name),
        Record(
            id=f"NSWG-ECO-{found.id}",
            aliases=tuple(sorted({one for one in found.cves or [] if is_name(one)})),
            scheme="semver",
            spans=spans,
            severity=severity or "unknown",
            cvss=vector if severity_of_vector(vector) else "",
            summary=one_line(found.title or found.overview),
            note=note,
        ),
        _day(found.updated_at),
        "Node Security WG",
    )


def _day(text: str) -> str:
    return f"{text}T00:00:00Z" if len(text) == 10 else text[:30]
