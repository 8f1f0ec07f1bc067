"""Ask a policy. Whatever it answers, what is not said is unknown, and unknown never passes."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from stella.kernel import Json, Outcome, worst
from stella.policy.engine import RESULTS, RULES, Ask, EngineError
from stella.policy.engine import ask as ask_here
from stella.policy.model import PolicyBundle, PolicyResult, RuleResult
from stella.policy.wording import Spoken, worded

_BROKEN = "policy"
"""The name under which a policy's own failures stand among its rules."""

_results = msgspec.json.Decoder(list[Spoken])
_rules = msgspec.json.Decoder(list[str])


def gate_input(
    *,
    environment: str,
    release: Mapping[str, Json],
    components: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
    now: str,
    ticket: Json = None,
    hypothetical: bool = False,
) -> Json:
    """The document a policy is asked about, ``input`` in Rego.

    components: ``{name, reference, digest, scans: [{platform, digest, state, at, snapshot, sbom,
        findings, document, lifetime, image, licences, partial, tests}]}``, where ``document`` is the
        findings document or null; what comes after it is left out where the scan does not say, or
        nobody needs it.
    now: RFC 3339; a policy has no other clock.
    ticket: ``{integration, key, url, status, approved, startsAt, endsAt, lookedUpAt, trouble, uses}``, the
        change ticket; left out where the promotion names none.
    hypothetical: nobody asks for it and nothing goes; left out where somebody does.
    """
    return {
        "schema": 1,
        "environment": environment,
        "release": dict(release),
        "components": [dict(component) for component in components],
        "parameters": dict(parameters),
        "now": now,
        **({} if ticket is None else {"changeTicket": ticket}),
        **({"hypothetical": True} if hypothetical else {}),
    }


def evaluate(bundle: PolicyBundle, given: Json, *, ask: Ask = ask_here) -> PolicyResult:
    """What every rule says of ``given``. A policy that breaks, or a rule that is silent, is unknown.

    ask: by which engine; the one here has no bound.
    """
    content = msgspec.json.encode(given)
    try:
        spoken, expected = ask(bundle.digest, bundle.files, (RESULTS, RULES), content)
        results = read_results(spoken) if spoken else []
        names = _rules.decode(expected) if expected else []
    except EngineError as error:
        place = f"{error.place}: " if error.place else ""
        return _sorted([_broken(f"the policy broke on this release: {place}{error.what}")])
    except (msgspec.DecodeError, UnreadableResults) as error:
        return _sorted([_broken(f"the policy's results cannot be read: {error}")])
    silent = sorted(set(names) - {result.rule for result in results})
    return _sorted([*results, *(_silent(name) for name in silent)])


def _sorted(results: list[RuleResult]) -> PolicyResult:
    ordered = sorted(results, key=_order)
    return PolicyResult(tuple(ordered), worst([result.outcome for result in ordered]))


def _order(result: RuleResult) -> tuple[str, ...]:
    finding = result.finding or {}
    return (
        result.rule,
        result.component or "",
        str(finding.get("id", "")),
        str(finding.get("purl", "")),
        str(finding.get("image", "")),
        result.outcome.value,
        result.message,
        result.fix,
        result.who or "",
    )


class UnreadableResults(Exception):
    """Results of another shape than is read. Never leaves this room."""


def read_results(content: bytes) -> list[RuleResult]:
    """The results that Rego gave as JSON, in words. Raises UnreadableResults."""
    try:
        results = [worded(spoken) for spoken in _results.decode(content)]
    except msgspec.DecodeError as error:
        raise UnreadableResults(str(error)) from None
    for result in results:
        if not result.rule:
            raise UnreadableResults("a result without the name of its rule")
        if not result.message:
            raise UnreadableResults(f"{result.rule} gives neither a message nor an objection")
    return results


def _broken(message: str) -> RuleResult:
    return RuleResult(
        rule=_BROKEN,
        outcome=Outcome.UNKNOWN,
        message=message,
        fix="mend the policy: stella policy test, stella policy eval",
        who="an operator",
    )


def _silent(name: str) -> RuleResult:
    return RuleResult(
        rule=name,
        outcome=Outcome.UNKNOWN,
        message=f"the rule {name} said nothing, not even that it passed",
        fix="mend the policy, or give what the rule asks for",
        who="an operator",
    )
