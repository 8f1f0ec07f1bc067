"""Debian's security tracker, https://security-tracker.debian.org/tracker/data/json.

Source package -> CVE -> release -> state. What is open says whether Debian will mend it.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from stella.advisory.format.item import Entry, Item, is_name, one_line
from stella.advisory.model import Package, Record, Skipped, Span
from stella.advisory.severity import severity_of_word

_RELEASES = {
    "etch": "4",
    "lenny": "5",
    "squeeze": "6",
    "wheezy": "7",
    "jessie": "8",
    "stretch": "9",
    "buster": "10",
    "bullseye": "11",
    "bookworm": "12",
    "trixie": "13",
    "forky": "14",
    "duke": "15",
}
_NEVER_AFFECTED = "0"
# What the tracker calls its reasons; a missing reason beside a "nodsa" is "no DSA, perhaps later".
_FIXES = {"ignored": "will_not_fix", "postponed": "deferred", "": "deferred"}


class State(msgspec.Struct, frozen=True):
    """Where one release stands."""

    status: str
    urgency: str = ""
    fixed_version: str = ""
    nodsa: str = ""
    nodsa_reason: str | None = ""


class Issue(msgspec.Struct, frozen=True):
    """One vulnerability of one source package."""

    releases: dict[str, State]
    description: str = ""


_decoder = msgspec.json.Decoder(dict[str, dict[str, msgspec.Raw]])
_issues = msgspec.json.Decoder(Issue)


def read_debian(where: str, content: bytes) -> Iterator[Item]:
    """A record for each release that is, was or may be affected. Raises msgspec.DecodeError."""
    skipped: Counter[str] = Counter()
    for package, issues in _decoder.decode(content).items():
        for name, raw in issues.items():
            if not (is_name(package) and is_name(name)):
                skipped["a record without a usable name"] += 1
                continue
            try:
                issue = _issues.decode(raw)
            except msgspec.DecodeError as error:
                yield Skipped(f"{where}:{package}:{name}", f"malformed: {str(error)[:150]}")
                continue
            for release, state in issue.releases.items():
                number = _RELEASES.get(release.partition("-")[0])
                if number is None:
                    skipped[f"Debian's {release[:30]} has no number"] += 1
                    continue
                record = _record(name, issue, state)
                if record is not None:
                    yield Entry(Package(f"Debian:{number}", package), record, "", "Debian")
    for reason, count in sorted(skipped.items()):
        for _ in range(count):
            yield Skipped(where, reason)


def _record(name: str, issue: Issue, state: State) -> Record | None:
    """None where the release was never affected."""
    fixed = state.fixed_version if state.status == "resolved" else ""
    if fixed == _NEVER_AFFECTED:
        return None
    spans: tuple[Span, ...] = (Span(fixed=fixed),)
    fix = ""
    notes: list[str] = []
    if state.status != "resolved":
        # "undetermined": whether it is affected is not known, which no span says.
        spans = (Span(),) if state.status == "open" else ()
        fix, notes = _outlook(state)
    if state.urgency == "unimportant":
        notes.append("unimportant to Debian")
    return Record(
        id=f"DEBIAN-{name}",
        aliases=(name,) if name.startswith("CVE-") else (),
        scheme="deb",
        spans=spans,
        severity=severity_of_word(state.urgency.rstrip("*")) or "unknown",
        summary=one_line(issue.description),
        fix=fix,
        note="; ".join(notes),
    )


def _outlook(state: State) -> tuple[str, list[str]]:
    """Whether it will be mended, and the reason that is given."""
    if state.urgency == "end-of-life":
        return "end_of_life", ["no longer supported by Debian"]
    if state.nodsa:
        fix = _FIXES.get(state.nodsa_reason or "", "deferred")
        word = state.nodsa_reason or "no DSA"
        return fix, [one_line(f"{word}: {state.nodsa}")]
    return ("pending", []) if state.status == "open" else ("", ["not yet determined by Debian"])
