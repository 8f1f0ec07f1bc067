"""What the tests of a policy said, and which lines they came by."""

import json
from collections.abc import Sequence
from typing import Any

from stella.kernel import Outcome
from stella.policy.coverage import FileCoverage, percent, ranges
from stella.policy.testing import PolicyTest

_WORDS = {Outcome.PASS: "pass", Outcome.BLOCKED: "FAIL", Outcome.UNKNOWN: "BROKEN"}


def tests_text(ran: Sequence[PolicyTest], covered: tuple[FileCoverage, ...], output: str) -> str:
    """As a table or JSON. covered: empty where nobody asked; with it JSON is an object, not a list."""
    if output == "json":
        tests = [
            {"file": one.file, "test": one.name, "outcome": one.outcome, "message": one.message}
            for one in ran
        ]
        shown: Any = tests if not covered else {"tests": tests, "coverage": _coverage(covered)}
        return json.dumps(shown, indent=2) + "\n"
    lines = [f"{_WORDS[one.outcome]:<6} {one.name}  {one.message}".rstrip() for one in ran]
    for one in covered:
        missed = f"  not: {ranges(one.missed)}" if one.missed else ""
        lines.append(f"{percent((one,)):>3} %  {one.file}{missed}")
    good = sum(test.outcome is Outcome.PASS for test in ran)
    whole = f", {percent(covered)} % of lines" if covered else ""
    return "\n".join([*lines, f"{good} of {len(ran)} tests pass{whole}"]) + "\n"


def _coverage(covered: tuple[FileCoverage, ...]) -> dict[str, Any]:
    return {
        "percent": percent(covered),
        "files": [
            {"file": one.file, "covered": list(one.covered), "missed": list(one.missed)}
            for one in covered
        ],
    }
