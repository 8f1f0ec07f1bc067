"""Break-glass by the API: asked for, agreed to, shown to whoever looks, refused in one way."""

from datetime import timedelta
from typing import Any

from fixtures.control import Control
from fixtures.road import OLD
from stella.kernel import time_text

EMERGENCY: dict[str, Any] = {
    "parameters": {"severityMax": "low"},
    "breakGlass": {"by": ["developer", "approver"], "hoursMax": 2},
}


def wish(control: Control, promotion: Any, **changes: Any) -> dict[str, Any]:
    ends_at = time_text(control.clock() + timedelta(hours=1))
    plan = promotion["planDigest"]
    return {"planDigest": plan, "reason": "the shop is down", "endsAt": ends_at, **changes}


def test_two_people_break_it_and_whoever_looks_sees_it(control: Control):
    control.environment("dev", **EMERGENCY)
    shown = control.get("/environments/dev")["breakGlass"]
    assert shown == {"by": ["developer", "approver"], "hoursMax": 2}
    blocked = control.asked(control.sealed("1.0.0", OLD)["id"], "dev")
    path = f"/promotions/{blocked['id']}/break-glass"
    assert blocked["breakGlass"] is None
    assert blocked["actions"]["breakGlass"]["allowed"]
    assert not blocked["actions"]["agreeToBreakGlass"]["allowed"]
    assert control.refused("GET", path) == "ST-PRO-022"
    made = control.post(path, wish(control, blocked))
    assert (made["state"], made["agreedBy"], made["stands"]) == ("requested", None, False)
    own = control.get(f"/promotions/{blocked['id']}")["actions"]["agreeToBreakGlass"]
    assert (own["allowed"], "cannot agree" in own["reason"]) == (False, True)
    anns = control.get(f"/promotions/{blocked['id']}", by="ann")
    assert anns["actions"]["agreeToBreakGlass"]["allowed"]
    assert anns["breakGlass"]["id"] == made["id"]
    done = control.post(f"{path}/agree", {"comment": "go"}, by="ann")
    assert (done["state"], done["stands"], done["agreedBy"]["name"]) == ("standing", True, "ann")
    after = control.get(f"/promotions/{blocked['id']}")
    assert (after["state"], after["decision"]["outcome"]) == ("deploying", "pass")
    assert after["decision"]["breakGlass"]["agreedBy"]["name"] == "ann"
    assert {one["state"] for one in after["decision"]["gates"]} == {"pass", "blocked"}
    control.seal()
    (fact,) = control.get("/facts", subject=blocked["id"], kind="GlassBroken")["items"]
    assert fact["data"]["gates"] == ["policy"]
    assert "GlassBroken" in [one["event"] for one in after["history"]]


def test_what_cannot_be_is_refused_by_its_code(control: Control):
    control.environment("dev", **EMERGENCY)
    control.environment("calm", parameters={"severityMax": "low"})
    release = control.sealed("1.0.0", OLD)["id"]
    blocked, calm = control.asked(release, "dev"), control.asked(release, "calm")
    path = f"/promotions/{blocked['id']}/break-glass"
    body = wish(control, blocked)
    assert control.refused("POST", path, body, by="vic") == "ST-IDN-004"
    assert control.refused("POST", path, body, by="olga") == "ST-PRO-023"
    there = f"/promotions/{calm['id']}/break-glass"
    assert control.refused("POST", there, wish(control, calm)) == "ST-PRO-023"
    assert control.refused("POST", path, {**body, "planDigest": "sha256:0"}) == "ST-PRO-004"
    late = time_text(control.clock() + timedelta(hours=3))
    assert control.refused("POST", path, {**body, "endsAt": late}) == "ST-PRO-024"
    assert control.refused("POST", path, {**body, "reason": ""}) == "ST-PRO-024"
    control.post(path, body)
    assert control.refused("POST", path, body, by="ann") == "ST-PRO-024"
    assert control.refused("POST", f"{path}/agree", {}) == "ST-PRO-026"
    ended = control.post(f"{path}/end", {"comment": "mended"}, by="olga")
    assert ended["state"] == "ended"
    assert control.refused("POST", f"{path}/agree", {}, by="ann") == "ST-PRO-027"
    assert control.get(f"/promotions/{blocked['id']}")["state"] == "blocked"
    missing = "/promotions/prm_nothing/break-glass"
    assert control.refused("POST", missing, body) == "ST-PRO-001"
