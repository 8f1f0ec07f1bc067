"""The Ruby advisory database, https://github.com/rubysec/ruby-advisory-db: what is *not* affected."""

from collections.abc import Iterator, Mapping

import msgspec

from stella.advisory.constraint import UnreadableConstraint, gem_spans, outside
from stella.advisory.format.item import Entry, Item, is_name, one_line
from stella.advisory.model import Package, Record, Skipped
from stella.advisory.severity import severity_of_score


class RubyRecord(msgspec.Struct, frozen=True):
    """One vulnerability of one gem. cvss_v2, cvss_v3, cvss_v4: scores, without their vectors."""

    gem: str
    title: str = ""
    date: str = ""
    cve: str = ""
    ghsa: str = ""
    osvdb: str = ""
    cvss_v2: str = ""
    cvss_v3: str = ""
    cvss_v4: str = ""
    patched_versions: list[str] | None = None
    unaffected_versions: list[str] | None = None


def read_rubysec(where: str, document: Mapping[str, object]) -> Iterator[Item]:
    """The record: every version that is neither patched nor unaffected. Raises msgspec.ValidationError."""
    if "gem" not in document:
        yield Skipped(where, "an interpreter of Ruby, which is no gem")
        return
    # An empty value is an empty text in plain YAML.
    found = msgspec.convert({key: one for key, one in document.items() if one != ""}, RubyRecord)
    ids = _ids(found)
    if not is_name(found.gem) or not ids:
        yield Skipped(where, "a record without a usable name")
        return
    note = ""
    try:
        listed = [*(found.patched_versions or []), *(found.unaffected_versions or [])]
        spans = outside("gem", [span for one in listed for span in gem_spans(one)])
        if not spans:
            yield Skipped(where, "a range that holds no version")
            return
    except UnreadableConstraint as error:
        spans, note = (), f"range not understood: {str(error)[:80]}"
    scores = (found.cvss_v3, found.cvss_v4, found.cvss_v2)
    severity = next((word for word in map(severity_of_score, scores) if word), None)
    yield Entry(
        Package("RubyGems", found.gem),
        Record(
            id=ids[0],
            aliases=tuple(sorted(ids[1:])),
            scheme="gem",
            spans=spans,
            severity=severity or "unknown",
            summary=one_line(found.title),
            note=note,
        ),
        f"{found.date}T00:00:00Z" if len(found.date) == 10 else "",
        "RubySec",
    )


def _ids(found: RubyRecord) -> list[str]:
    named = (("CVE-", found.cve), ("GHSA-", found.ghsa), ("OSVDB-", found.osvdb))
    return [f"{prefix}{text}" for prefix, text in named if is_name(text)]
