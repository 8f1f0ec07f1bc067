"""Documents as YAML: read, checked, tried on history and applied, as the console's editor does."""

from typing import Any

import pytest

from fixtures.control import Control
from fixtures.road import OLD

ENVIRONMENT = """
apiVersion: stella/v1
kind: Environment
name: dev
spec:
  policy: starter
  parameters: {severityMax: high}
"""
PLAIN = """
apiVersion: stella/v1
kind: Policy
name: shop
spec:
  rules:
    - name: nothing-critical
      findings: {severityFrom: critical}
  tests:
    - name: critical is blocked
      findings: [{severity: critical}]
      expect: {nothing-critical: blocked}
    - name: low is blocked, which is wrong
      findings: [{severity: low}]
      expect: {nothing-critical: blocked}
"""


def rego(text: str, *, tests: str = "") -> str:
    """A policy's document of these two files."""
    files = {"shop.rego": text, **({"shop_test.rego": tests} if tests else {})}
    lines = ["apiVersion: stella/v1", "kind: Policy", "name: shop", "spec:", "  files:"]
    for name, content in files.items():
        lines += [f"    {name}: |", *(f"      {line}" for line in content.splitlines())]
    return "\n".join(lines)


NEVER = """package stella.policy
results contains {"rule": "never", "outcome": "blocked", "message": "no"}
"""
TESTS = """package stella.policy
test_it_says_never if count(results) == 1
test_it_says_more if count(results) == 2
"""


def applied(control: Control, text: str, **more: Any) -> Any:
    return control.ask("POST", "/apply", {"text": text, **more}, by="olga")


def test_what_was_read_is_changed_and_applied_again(control: Control):
    assert applied(control, ENVIRONMENT).json()["changes"][0]["change"] == "created"
    read = control.get("/documents/Environment/dev")
    assert (read["document"]["name"], read["document"]["spec"]["parameters"]) == (
        "dev",
        {"severityMax": "high"},
    )
    assert read["owner"] is None
    later = ENVIRONMENT.replace("high", "low")
    basis = {"Environment/dev": read["digest"]}
    dry = applied(control, later, dryRun=True, read=basis)
    assert dry.json()["changes"][0]["diff"] == [
        {"path": "spec.parameters.severityMax", "before": "high", "after": "low"},
    ]
    assert applied(control, later, read=basis).is_success
    # Somebody else, who read it before that.
    late = applied(control, ENVIRONMENT, read=basis)
    assert (late.status_code, late.json()["code"]) == (409, "ST-API-009")
    assert control.get("/documents/Environment/dev")["document"]["spec"]["parameters"] == {
        "severityMax": "low"
    }


def test_what_must_be_new_does_not_take_the_place_of_what_is_there(control: Control):
    new = {"Environment/dev": ""}
    assert applied(control, ENVIRONMENT, read=new).is_success
    assert applied(control, ENVIRONMENT, read=new).json()["code"] == "ST-API-009"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("kind: Environment\n  name: dev", 2, "mapping values are not allowed"),
        ("kind: [a, b", 1, "expected"),
        ("a: 1\na: 2", 2, "stands there twice"),
        ("- a\n- b", 1, "a document is a mapping"),
        ('a: "\\0"', 1, "U+0000"),
        ('a: "\\ud800"', 1, "half a surrogate pair"),
        ("a: " + "[" * 70 + "]" * 70, 1, "nested deeper than 64"),
        ("a: &long " + "x" * 300_000 + "\nb: [" + "*long, " * 60_000 + "]", 1, "written out"),
    ],
    ids=["indent", "open", "twice", "list", "nul", "half", "deep", "bomb"],
)
def test_yaml_that_cannot_be_read_says_where(control: Control, text: str, line: int, what: str):
    refused = applied(control, text, dryRun=True).json()
    assert (refused["code"], refused["facts"]["line"]) == ("ST-ENV-002", line), what
    assert what in refused["title"]


def test_a_text_of_very_many_words_is_applied_or_refused_as_what_it_is(control: Control):
    words = " ".join(f"w{number}" for number in range(90_000))
    text = f"{ENVIRONMENT}  parameters: {{severityMax: [{words.replace(' ', ', ')}]}}\n"
    refused = applied(control, text.replace("  parameters: {severityMax: high}\n", ""), dryRun=True)
    assert refused.status_code in {200, 422}, refused.text[:300]


def test_text_and_documents_are_not_sent_together(control: Control):
    answer = applied(control, ENVIRONMENT, documents=[{}])
    assert answer.json()["code"] == "ST-API-001"


def test_a_document_that_is_not_there_is_said(control: Control):
    assert control.refused("GET", "/documents/Environment/none") == "ST-API-012"
    assert control.refused("GET", "/documents/NoKind/dev") == "ST-API-012"


def test_the_tests_of_a_draft_run_and_nothing_is_stored(control: Control):
    before = control.count("fact")
    found = control.post("/policies/check", {"text": rego(NEVER, tests=TESTS)}, by="olga")
    assert [(one["name"], one["outcome"]) for one in found["tests"]] == [
        ("test_it_says_more", "blocked"),
        ("test_it_says_never", "pass"),
    ]
    plain = control.post("/policies/check", {"text": PLAIN}, by="olga")
    assert [one["outcome"] for one in plain["tests"]] == ["pass", "blocked"]
    assert "nothing-critical is pass, not blocked" in plain["tests"][1]["message"]
    assert control.count("fact") == before
    assert applied(control, rego(NEVER, tests=TESTS)).is_success
    assert control.get("/policies/shop")["digest"] == found["policy"]


def test_a_test_without_end_is_unknown_and_the_next_one_runs(control: Control):
    endless = """package stella.policy
numbers := numbers.range(1, 100000)
test_a_endless if count([1 | some x in numbers; some y in numbers; x == y + 1]) == 0
test_b_short if true
"""
    endless = endless.replace("numbers := numbers.range", "few := numbers.range").replace(
        "in numbers", "in few"
    )
    found = control.post("/policies/check", {"text": rego(NEVER, tests=endless)}, by="olga")
    outcomes = {one["name"]: one for one in found["tests"]}
    assert outcomes["test_a_endless"]["outcome"] == "unknown"
    assert "5 s of computing" in outcomes["test_a_endless"]["message"]
    assert outcomes["test_b_short"]["outcome"] == "pass"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (rego("package stella.policy\nresults contains"), "ST-POL-001"),
        (ENVIRONMENT, "ST-API-001"),
        (f"{PLAIN}\n---\n{ENVIRONMENT}", "ST-API-001"),
        ("kind: Policy\n\tname: x", "ST-ENV-002"),
    ],
)
def test_what_is_no_draft_is_refused(control: Control, text: str, code: str):
    for path in ("/policies/check", "/policies/simulate"):
        assert control.refused("POST", path, {"text": text}, by="olga") == code


def test_a_draft_in_yaml_is_tried_on_history(control: Control):
    control.environment("dev")
    control.asked(control.sealed("1.0.0", OLD)["id"], "dev")
    control.deployed(control.sealed("2.0.0")["id"], "dev")
    found = control.post("/policies/simulate", {"text": rego(NEVER, tests=TESTS)}, by="olga")
    assert found["judged"] == 2
    (flip,) = found["flips"]
    assert (flip["before"], flip["after"]) == ("pass", "blocked")


def test_who_may_not_change_policies_asks_no_draft(control: Control):
    for path in ("/policies/check", "/policies/simulate"):
        assert control.refused("POST", path, {"text": PLAIN}, by="vic") == "ST-IDN-004"
