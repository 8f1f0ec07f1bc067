"""What a draft would have said: of now, of what runs, of all that was decided; nothing is stored."""

from typing import Any

import pytest

from fixtures.control import Control
from fixtures.road import OLD
from stella.kernel import Digest
from stella.policy import starter_files
from stella.promotion.store import find_promotion

LAX = {"parameters": {"severityMax": "critical", "knownExploited": "pass"}}


def draft(**defaults: str) -> dict[str, str]:
    """The starter pack with other defaults."""
    text = starter_files()["starter.rego"]
    for name, value in defaults.items():
        (line,) = [one for one in text.splitlines() if one.startswith(f'\t"{name}": "')]
        text = text.replace(line, f'\t"{name}": "{value}",')
    files = {name: one for name, one in starter_files().items() if not name.endswith("_test.rego")}
    return files | {"starter.rego": text}


NEVER = {
    "never.rego": "package stella.policy\n"
    'results contains {"rule": "never", "outcome": "blocked", "message": "no"}\n'
}


def simulated(control: Control, files: dict[str, str], **asked: Any) -> Any:
    return control.post("/policies/simulate", {"files": files, **asked}, by="olga")


def test_all_history_is_asked_and_flips_say_why(control: Control):
    control.environment("dev")
    old, new = control.sealed("1.0.0", OLD), control.sealed("2.0.0")
    blocked = control.asked(old["id"], "dev")
    passed = control.deployed("shop@2.0.0", "dev")
    before = control.count("fact"), control.count("promotion")
    same = simulated(control, draft())
    assert (same["judged"], same["flips"], same["skipped"]) == (2, [], [])
    lax = simulated(control, draft(severityMax="critical", knownExploited="pass"))
    (flip,) = lax["flips"]
    assert (flip["promotion"], flip["before"], flip["after"]) == (blocked["id"], "blocked", "pass")
    assert {one["rule"] for one in flip["reasons"]} <= {"severity", "known-exploited"}
    strict = simulated(control, NEVER)
    (flip,) = strict["flips"]
    assert (flip["promotion"], flip["before"], flip["after"]) == (passed["id"], "pass", "blocked")
    assert [one["message"] for one in flip["reasons"]] == ["no"]
    assert (control.count("fact"), control.count("promotion")) == before
    assert new["id"] == flip["release"]


def test_history_goes_by_parts_and_by_environment(control: Control):
    control.environment("dev")
    control.environment("other")
    old = control.sealed("1.0.0", OLD)
    made = [control.asked(old["id"], where)["id"] for where in ("dev", "other", "dev")]
    first = simulated(control, NEVER, limit=2)
    assert (first["judged"], first["left"], first["stopped"]) == (2, 1, "")
    second = simulated(control, NEVER, limit=2, cursor=first["next"])
    assert (second["judged"], second["left"], second["next"]) == (1, 0, None)
    lax = draft(severityMax="critical", knownExploited="pass")
    of_dev = simulated(control, lax, of="dev")
    assert [one["promotion"] for one in of_dev["flips"]] == [made[2], made[0]]


def test_one_release_or_what_runs_is_judged_as_of_now(control: Control):
    control.environment("dev", **LAX)
    assert simulated(control, NEVER, environment="dev")["judged"] == 0
    control.sealed("1.0.0", OLD)
    control.deployed("shop@1.0.0", "dev")
    for asked in ({"environment": "dev"}, {"environment": "dev", "release": "shop@1.0.0"}):
        (flip,) = simulated(control, NEVER, **asked)["flips"]
        assert (flip["promotion"], flip["version"]) == (None, "1.0.0")
        assert (flip["before"], flip["after"]) == ("pass", "blocked")


def test_what_cannot_be_repeated_is_skipped_and_said(control: Control):
    control.environment("dev")
    asked = control.asked(control.sealed("1.0.0", OLD)["id"], "dev")
    with control.database.read() as tx:
        digest = find_promotion(tx, asked["id"]).input
    assert digest is not None
    (path,) = control.services.blobs.directory.rglob(f"*{Digest(digest).hex[2:]}*")
    path.unlink()
    found = simulated(control, NEVER)
    assert found["judged"] == 0
    assert [one["promotion"] for one in found["skipped"]] == [asked["id"]]


def test_a_draft_that_breaks_everywhere_is_asked_no_further(control: Control):
    control.environment("dev")
    old = control.sealed("1.0.0", OLD)
    for _ in range(4):
        control.asked(old["id"], "dev")
    breaks = {
        "own.rego": "package stella.policy\n"
        'results contains {"rule": "r", "outcome": x, "message": "m"} if {\n'
        '  input.environment == "dev"\n  x := {"a": "odd"}.a\n}\n'
        'results contains {"rule": "r", "outcome": "pass", "message": "m"}\n'
    }
    found = simulated(control, breaks)
    assert (found["judged"], found["left"]) == (3, 1)
    assert "broke" in found["stopped"]
    assert found["next"] is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"files": {"a.rego": "package stella.policy\nresults contains"}}, "ST-POL-001"),
        ({"files": {"a.rego": "package other\nx := 1"}}, "ST-POL-004"),
        ({"files": NEVER, "release": "shop@1"}, "ST-API-001"),
        ({"files": NEVER, "environment": "nowhere"}, "ST-ENV-001"),
        ({"files": NEVER, "limit": 201}, "ST-API-001"),
    ],
)
def test_what_is_no_draft_or_asks_for_nothing_is_refused(standing: Control, body: Any, code: str):
    assert standing.refused("POST", "/policies/simulate", body, by="olga") == code
    assert standing.refused("POST", "/policies/simulate", body) == "ST-IDN-004"
