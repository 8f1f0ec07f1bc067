"""Waivers on the server: two people, an end, and what waits for them is judged anew."""

from datetime import timedelta
from typing import Any

import pytest

from fixtures.control import Control
from fixtures.road import OLD
from stella.kernel import time_text
from stella.promotion.exceptions.waive import lapse_waivers

ONE_YES = {
    "parameters": {"severityMax": "medium", "knownExploited": "pass"},
    "approvals": [{"rule": "one", "approvers": ["approver"]}],
}


def wish(control: Control, **changes: Any) -> dict[str, Any]:
    until = time_text(control.clock() + timedelta(days=30))
    return {
        "environment": "dev",
        "rule": "severity",
        "component": "web",
        "reason": "not reachable from outside",
        "expiresAt": until,
        **changes,
    }


def standing_waiver(control: Control, **changes: Any) -> Any:
    made = control.post("/waivers", wish(control, **changes))
    return control.post(f"/waivers/{made['id']}/approve", {"comment": "for a month"}, by="ann")


def policy_gate(promotion: Any) -> Any:
    return next(one for one in promotion["decision"]["gates"] if one["name"] == "policy")


def test_a_waiver_counts_once_a_second_person_has_agreed(control: Control):
    control.environment("dev", **ONE_YES)
    release = control.sealed("1.0.0", OLD)
    assert control.asked(release["id"], "dev")["state"] == "blocked"
    made = control.post("/waivers", wish(control))
    assert (made["state"], made["counts"], made["mayApprove"]) == ("requested", False, False)
    assert control.asked(release["id"], "dev")["state"] == "blocked"
    assert control.refused("POST", f"/waivers/{made['id']}/approve", {}) == "ST-IDN-004"
    assert control.get(f"/waivers/{made['id']}", by="ann")["mayApprove"]
    done = control.post(f"/waivers/{made['id']}/approve", {"comment": "ok"}, by="ann")
    assert (done["state"], done["counts"], done["approvedBy"]["name"]) == ("standing", True, "ann")
    asked = control.asked(release["id"], "dev")
    assert asked["state"] == "waiting"
    gate = policy_gate(asked)
    assert gate["state"] == "pass"
    assert made["id"] in gate["summary"]
    assert {one["waiver"] for one in gate["reasons"]} == {made["id"]}


def test_nobody_approves_their_own_and_nothing_is_approved_twice(control: Control):
    control.environment("dev", **ONE_YES)
    made = control.post("/waivers", wish(control), by="ann")
    path = f"/waivers/{made['id']}/approve"
    assert control.refused("POST", path, {}, by="ann") == "ST-PRO-013"
    control.post(path, {}, by="bob")
    assert control.refused("POST", path, {}, by="bob") == "ST-PRO-014"
    assert control.refused("GET", "/waivers/wvr_nothing") == "ST-PRO-011"


def test_ending_a_waiver_voids_what_waits_on_it(control: Control):
    control.environment("dev", **ONE_YES)
    made = standing_waiver(control)
    asked = control.asked(control.sealed("1.0.0", OLD)["id"], "dev")
    assert asked["state"] == "waiting"
    ended = control.post(f"/waivers/{made['id']}/end", {"comment": "found a way in"}, by="olga")
    assert (ended["state"], ended["counts"]) == ("ended", False)
    after = control.get(f"/promotions/{asked['id']}")
    assert after["state"] == "blocked"
    assert after["planDigest"] != asked["planDigest"]
    assert control.refused("POST", f"/waivers/{made['id']}/end", {}, by="olga") == "ST-PRO-014"


def test_a_waiver_lapses_by_the_decisions_time_and_then_everybody_hears(control: Control):
    control.environment("dev", **ONE_YES)
    made = standing_waiver(control)
    release = control.sealed("1.0.0", OLD)
    waiting = control.asked(release["id"], "dev")
    control.clock.go_on(days=30)
    assert control.get(f"/waivers/{made['id']}")["state"] == "lapsed"
    wanted = {"release": release["id"], "environment": "dev"}
    assert control.post("/promotions/preview", wanted)["decision"]["outcome"] == "blocked"
    with control.database.transaction(actor="system") as tx:
        assert lapse_waivers(tx) == 1
    with control.database.transaction(actor="system") as tx:
        assert lapse_waivers(tx) == 0
    control.settle()
    assert control.get(f"/promotions/{waiting['id']}")["state"] == "blocked"
    (fact,) = control.get("/facts", subject=made["id"], kind="WaiverLapsed")["items"]
    assert fact["data"]["was_standing"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": ""},
        {"component": None},
        {"component": "", "finding": ""},
        {"reason": "  "},
        {"reason": "x" * 2001},
        {"finding": "x" * 201},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"expiresAt": "2999-01-01T00:00:00Z"},
    ],
)
def test_a_waiver_without_scope_reason_or_end_is_refused(standing: Control, changes: Any):
    standing.environment("dev")
    assert standing.refused("POST", "/waivers", wish(standing, **changes)) == "ST-PRO-012"
    assert standing.get("/waivers")["items"] == []


def test_lists_go_by_environment_and_state(control: Control):
    control.environment("dev", **ONE_YES)
    made = [control.post("/waivers", wish(control, finding=f"CVE-{n}"))["id"] for n in range(3)]
    control.post(f"/waivers/{made[0]}/end", {})
    listed = control.get("/waivers", environment="dev", state="requested")["items"]
    assert [one["id"] for one in listed] == [made[2], made[1]]
    assert control.get("/waivers", environment="prod")["items"] == []
    assert control.refused("GET", "/waivers?state=gone") == "ST-API-001"
    assert control.refused("POST", "/waivers", wish(control), by="vic") == "ST-IDN-004"
    assert control.refused("POST", "/waivers", wish(control, environment="x")) == "ST-ENV-001"
