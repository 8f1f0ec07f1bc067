"""Has it become worse than what runs there? What makes some approval rules be asked, and others not."""

from collections.abc import Iterable, Mapping

import msgspec

from stella.advisory import SEVERITIES
from stella.finding import Finding, is_open, parse_findings
from stella.kernel import canonical_json
from stella.promotion.model import ComponentInput, DecisionInput, RuleInput, document


class _Part(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Camel case outside, unknown keys refused."""


class RunningFinding(_Part, frozen=True, order=True):
    """A vulnerability of a component, in whatever version and image."""

    id: str
    component: str


class Running(_Part, frozen=True):
    """What is known against the release that runs in an environment. release: its id; None: nothing runs.

    is_known: whether each of its images was scanned; what was not has no findings here, and that
    says nothing. findings: those that are open, sorted.
    """

    release: str | None
    is_known: bool
    findings: tuple[RunningFinding, ...]
    schema: int = 1


NOTHING_RUNS = Running(release=None, is_known=True, findings=())


def running_document(
    release: str, components: Iterable[ComponentInput], documents: Mapping[str, bytes]
) -> bytes:
    """What is known of what runs, as canonical JSON. documents: findings by digest."""
    known = [scan.findings for component in components for scan in component.scans]
    found = {
        RunningFinding(one.id, one.component)
        for digest in known
        if digest is not None
        for one in parse_findings(documents[digest]).findings
        if is_open(one)
    }
    running = Running(release, bool(known) and None not in known, tuple(sorted(found)))
    return running_bytes(running)


def running_bytes(running: Running) -> bytes:
    """The document."""
    return canonical_json(document(running))


def rules_not_asked(
    given: DecisionInput, findings: Mapping[str, bytes], running: bytes | None
) -> dict[str, str]:
    """Rule -> why it asks for nobody: nothing of its severity or worse is new here.

    findings: platform image digest -> document. What is not known is no reason to ask nobody.
    """
    rules = [one for one in given.environment.rules if one.worsened is not msgspec.UNSET]
    components = given.release.components
    known = {scan.digest for component in components for scan in component.scans} <= set(findings)
    if not rules or running is None or not known or not all(one.scans for one in components):
        return {}
    before = msgspec.json.decode(running, type=Running)
    if not before.is_known:
        return {}
    read = [parse_findings(content) for content in findings.values()]
    if any(one.unmatched for one in read):
        return {}
    old = set(before.findings)
    new = [
        one
        for found in read
        for one in found.findings
        if is_open(one) and RunningFinding(one.id, one.component) not in old
    ]
    return {
        rule.rule: f"no new finding is {rule.worsened} or worse"
        for rule in rules
        if not any(_reaches(one, rule) for one in new)
    }


def _reaches(finding: Finding, rule: RuleInput) -> bool:
    """Whether it is that bad; one that nobody has rated may be."""
    assert isinstance(rule.worsened, str), "only rules with a condition are looked at"
    rank = SEVERITIES.index
    return finding.severity == "unknown" or rank(finding.severity) >= rank(rule.worsened)
