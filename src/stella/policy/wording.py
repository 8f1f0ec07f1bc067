"""What a rule objects to in a finding, in whole sentences, the same for every policy."""

from typing import Any

from stella.policy.model import RuleResult


class Spoken(RuleResult, frozen=True, gc=False, forbid_unknown_fields=True):
    """A result as Rego gives it. objection: what is wrong with ``finding``, such as "is critical".

    Where there is an objection, what the rule left empty of message, fix and who is worded for it.
    """

    objection: str = ""


def worded(spoken: Spoken) -> RuleResult:
    """The result with everything said."""
    message, fix, who = spoken.message, spoken.fix, spoken.who
    finding = spoken.finding
    if spoken.objection and finding is not None:
        message = message or _message(finding, spoken.objection)
        fix = fix or _fix(finding, spoken.component or "the image")
        who = who or f"whoever builds {spoken.component or 'the image'}"
    return RuleResult(
        spoken.rule, spoken.outcome, message, spoken.component, spoken.finding, fix, who
    )


def _message(finding: dict[str, Any], objection: str) -> str:
    """``urllib3 1.26.4: PYSEC-2023-192, CVE-2023-43804 is high (/usr/.../METADATA, layer 3)``."""
    ids = ", ".join([finding.get("id", "?"), *finding.get("aliases", ())])
    named = f"{finding.get('component', '?')} {finding.get('version', '')}"
    doubt = ", and its version cannot be compared" * (finding.get("match") == "unknown_version")
    return f"{named}: {ids} {objection}{doubt}{_place(finding.get('why') or {})}"


def _place(why: dict[str, Any]) -> str:
    paths, layer = why.get("paths") or [], why.get("layerIndex")
    if not paths:
        return ""
    return f" ({paths[0]})" if layer is None else f" ({paths[0]}, layer {layer})"


def _fix(finding: dict[str, Any], component: str) -> str:
    package, fixed = finding.get("component", "the package"), finding.get("fixed")
    if fixed:
        return f"update {package} to {fixed} or later and build {component} again"
    return f"no fixed version is known: remove or replace {package} in {component}"
