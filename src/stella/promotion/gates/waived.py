"""Which objections are passed over, and by which waivers. Pure: the decision's time is the clock."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from stella.kernel import Outcome, worst
from stella.policy import PolicyResult, RuleResult
from stella.promotion.model import DecisionInput, WaiverInput


@dataclass(frozen=True, slots=True)
class Waived:
    """What the policy says once waivers are heard.

    result: with the outcome of what was waived turned into a pass. by: place in ``result.rules`` ->
    the waiver's id. used: the waivers that let something pass, by id.
    """

    result: PolicyResult
    by: Mapping[int, str]
    used: tuple[WaiverInput, ...]


def apply_waivers(given: DecisionInput, result: PolicyResult) -> Waived:
    """Let pass what a waiver names, and nothing else."""
    waivers = () if given.waivers is msgspec.UNSET else given.waivers
    of_rule: dict[str, list[WaiverInput]] = defaultdict(list)
    for one in sorted(waivers, key=lambda waiver: waiver.id):
        if counts(one, given):
            of_rule[one.rule].append(one)
    if not of_rule:
        return Waived(result, {}, ())
    rules: list[RuleResult] = []
    by: dict[int, str] = {}
    used: dict[str, WaiverInput] = {}
    for place, rule in enumerate(result.rules):
        hit = next((one for one in of_rule.get(rule.rule, ()) if waives(one, rule)), None)
        if hit is not None:
            by[place] = hit.id
            used[hit.id] = hit
            rule = msgspec.structs.replace(rule, outcome=Outcome.PASS)  # noqa: PLW2901
        rules.append(rule)
    outcome = worst([rule.outcome for rule in rules])
    return Waived(
        PolicyResult(tuple(rules), outcome), by, tuple(used[name] for name in sorted(used))
    )


def counts(waiver: WaiverInput, given: DecisionInput) -> bool:
    """Whether it holds here and now, and two people stand behind it."""
    return (
        waiver.environment == given.environment.name
        and waiver.approved_at <= given.now < waiver.expires_at
        and waiver.requested_by.id != waiver.approved_by.id
    )


def waives(waiver: WaiverInput, rule: RuleResult) -> bool:
    """Whether it names exactly this objection. What speaks of the whole release has none."""
    if waiver.finding is None and waiver.component is None:
        return False
    if rule.outcome is Outcome.PASS or (rule.outcome is Outcome.UNKNOWN and not waiver.unknown):
        return False
    if waiver.component is not None and waiver.component != rule.component:
        return False
    return waiver.finding is None or waiver.finding in names_of(rule.finding or {})


def names_of(finding: Mapping[str, object]) -> set[str]:
    """The ids by which a finding is known."""
    aliases = finding.get("aliases")
    return {
        str(one)
        for one in (finding.get("id"), *(aliases if isinstance(aliases, list) else ()))
        if one
    }
