"""Tests of policies in plain YAML: one release of one image each, and what rules say of it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from stella.kernel import Outcome, worst
from stella.policy.bundle import load_bundle
from stella.policy.engine import Ask
from stella.policy.engine import ask as ask_here
from stella.policy.errors import MalformedPlainPolicy
from stella.policy.evaluate import evaluate, gate_input
from stella.policy.model import PolicyResult
from stella.policy.plain import PlainPolicy, PlainTest, malformed, plain_files
from stella.policy.testing import PolicyTest
from stella.sbom.licences import licences_of_texts

_IMAGE = "sha256:" + "a" * 64
_NOW = "2030-01-01T00:00:00.000000Z"
_TICKET: dict[str, Any] = {
    "integration": "tickets",
    "key": "OPS-1",
    "url": "",
    "status": "approved",
    "approved": True,
    "startsAt": "",
    "endsAt": "",
    "lookedUpAt": _NOW,
    "trouble": "",
    "uses": [],
}
_FINDING: dict[str, Any] = {
    "id": "CVE-2030-1",
    "aliases": [],
    "purl": "pkg:pypi/sample@1.0",
    "component": "sample",
    "version": "1.0",
    "match": "affected",
    "severity": "low",
    "cvss": "",
    "fixed": "",
    "kev": False,
    "vex": "none",
    "reach": "unknown",
    "seen": "no_sensor",
    "epssPermille": None,
    "summary": "",
    "note": "",
}


def run_plain_tests(
    policy: PlainPolicy, file: str, *, ask: Ask = ask_here
) -> tuple[PolicyTest, ...]:
    """Each test of ``policy``, in its order. Raises what ``load_bundle`` does, MalformedPlainPolicy.

    ask: by which engine; the one here has no bound.
    """
    bundle = load_bundle(plain_files(policy), ask=ask)
    ran = []
    for test in policy.tests:
        said = _said(evaluate(bundle, _input(test), ask=ask))
        wrong = [
            f"{rule} is {said.get(rule, 'no rule')}, not {wanted}"
            for rule, wanted in sorted(test.expect.items())
            if said.get(rule) is not wanted
        ]
        outcome = Outcome.BLOCKED if wrong else Outcome.PASS
        ran.append(PolicyTest(file, test.name, outcome, "; ".join(wrong)))
    return tuple(ran)


def _said(result: PolicyResult) -> dict[str, Outcome]:
    """Rule -> the worst of what it says."""
    spoken: dict[str, list[Outcome]] = {}
    for one in result.rules:
        spoken.setdefault(one.rule, []).append(one.outcome)
    return {rule: worst(outcomes) for rule, outcomes in spoken.items()}


def _input(test: PlainTest) -> Any:
    if not test.expect:
        raise _bad(test, "it expects nothing")
    for one in test.findings:
        strange = sorted(one.keys() - _FINDING.keys())
        if strange:
            raise _bad(test, f"a finding has no {strange[0]!r}")
    strange = sorted((test.ticket or {}).keys() - _TICKET.keys())
    if strange:
        raise _bad(test, f"a ticket has no {strange[0]!r}")
    findings = [{**_FINDING, **one} for one in test.findings]
    scan: dict[str, Any] = {
        "platform": "linux/amd64",
        "digest": _IMAGE,
        "state": "done",
        "at": _NOW,
        "document": {"findings": findings, "unmatched": {}, "feeds": test.feeds},
    }
    told: Mapping[str, Any] = {
        "image": test.image,
        "lifetime": test.lifetime,
        "licences": _licences(test.licences),
        "partial": _partial(test.unread),
        "tests": _tests(test.tests),
        "fixes": _fixes(findings, test.fix_known_since),
        "base": _base(test.base_made),
    }
    scan |= {key: value for key, value in told.items() if value is not None}
    component = {"name": "web", "reference": "web:1", "digest": _IMAGE, "scans": [scan]}
    release = {"id": "rel_test", "name": "test", "version": "1", "digest": _IMAGE}
    return gate_input(
        environment="test",
        release=release,
        components=[component],
        parameters={},
        now=_NOW,
        ticket=None if test.ticket is None else {**_TICKET, **test.ticket},
    )


def _licences(texts: list[str] | None) -> Any:
    return None if texts is None else msgspec.to_builtins(licences_of_texts(texts))


def _partial(paths: list[str] | None) -> Any:
    if paths is None:
        return None
    return {"count": len(paths), "examples": [{"path": one, "reason": "a test"} for one in paths]}


def _base(made: str | None) -> Any:
    if made is None:
        return None
    return {"reference": "base:1", "digest": _IMAGE, "created": made, "newer": None}


def _tests(results: Mapping[str, str] | None) -> Any:
    if results is None:
        return None
    told = [
        {
            "id": "tst_test",
            "image": _IMAGE,
            "at": _NOW,
            "by": {"id": "system", "name": "system"},
            "source": "attached",
            "signer": "a test",
            "isSigned": True,
            "result": result,
            "suites": [suite],
            "failed": 0,
            "failedTests": [],
        }
        for suite, result in sorted(results.items())
    ]
    return {"results": told, "more": 0}


def _fixes(findings: list[dict[str, Any]], since: str | None) -> Any:
    if since is None:
        return None
    fixes: dict[str, dict[str, str]] = {}
    for one in findings:
        if one["fixed"]:
            fixes.setdefault(one["id"], {})[one["purl"]] = since
    return fixes


def _bad(test: PlainTest, why: str) -> MalformedPlainPolicy:
    return malformed(f"the test {test.name!r}: {why}")
