"""Promotions: judged, approved, rejected, taken back, refused - each by who may, and once."""

from typing import Any

import pytest
from sqlalchemy import event

from fixtures.control import Control
from fixtures.road import OLD
from stella.finding.scan import request_scan

STRICT = {"parameters": {"severityMax": "medium"}}
TWO_RULES = {
    "approvals": [
        {"rule": "security", "approvers": ["ann"]},
        {"rule": "product", "approvers": ["approver"]},
    ]
}
BY_ANY = {"approvals": [{"rule": "one", "approvers": ["approver", "dan", "vic"]}]}


def waiting(control: Control, **rules: Any) -> Any:
    """A promotion that waits for approvals in dev."""
    control.environment("dev", **(rules or TWO_RULES))
    asked = control.asked(control.sealed("2.0.0")["id"], "dev")
    assert asked["state"] == "waiting"
    return asked


def approve(control: Control, promotion: Any, by: str, **changes: Any) -> Any:
    body = {"planDigest": promotion["planDigest"], "comment": "looks right", **changes}
    return control.ask("POST", f"/promotions/{promotion['id']}/approve", body, by=by)


def events_of(promotion: Any) -> list[str]:
    return [one["event"] for one in promotion["history"]]


def test_a_release_goes_through_two_environments_with_two_approvals(control: Control):
    control.environment("dev")
    control.environment("prod", "dev", **TWO_RULES)
    release = control.sealed("2.0.0")
    first = control.deployed("shop@2.0.0", "dev")
    assert (first["state"], first["simulated"]) == ("deployed", False)
    assert first["diff"]["from"] is None

    asked = control.asked(release["id"], "prod")
    assert asked["state"] == "waiting"
    assert asked["plan"]["targets"][0]["actions"]
    once = approve(control, asked, "ann").json()
    assert [one["counts"] for one in control.get(f"/promotions/{asked['id']}")["approvals"]] == [
        True
    ]
    assert once["state"] == "waiting"
    approve(control, asked, "bob")
    control.finish("host-a")
    control.finish("host-b")
    done = control.get(f"/promotions/{asked['id']}", by="vic")
    assert done["state"] == "deployed"
    assert {one["rule"] for one in done["approvals"]} == {"security", "product"}
    assert [one["kind"] for one in done["evidence"]] == ["promotion"]
    assert events_of(done)[0] == "PromotionRequested"
    assert events_of(done)[-1] == "PromotionDeployed"
    assert not any(done["actions"][one]["allowed"] for one in ("approve", "reject", "cancel"))


def test_a_vulnerable_release_is_blocked_with_the_whole_why(control: Control):
    control.environment("dev", **STRICT)
    blocked = control.asked(control.sealed("1.0.0", OLD)["id"], "dev")
    assert blocked["state"] == "blocked"
    gate = next(one for one in blocked["decision"]["gates"] if one["name"] == "policy")
    reason = next(one for one in gate["reasons"] if one["finding"])
    assert reason["finding"]["why"]["layer"].startswith("sha256:")
    assert reason["finding"]["why"]["paths"]
    assert gate["unblocks"]
    assert blocked["evidence"]
    assert blocked["deployment"] is None


def test_a_preview_says_what_would_be_and_stores_nothing(control: Control):
    control.environment("dev", **STRICT)
    old, new = control.sealed("1.0.0", OLD), control.sealed("2.0.0")
    before = control.count("promotion"), control.count("fact")
    bad = control.post("/promotions/preview", {"release": old["id"], "environment": "dev"})
    good = control.post("/promotions/preview", {"release": "shop@2.0.0", "environment": "dev"})
    assert (bad["decision"]["outcome"], good["decision"]["outcome"]) == ("blocked", "pass")
    assert [one["target"] for one in good["plan"]["targets"]] == ["dev-a", "dev-b"]
    assert (control.count("promotion"), control.count("fact")) == before
    asked = control.asked(new["id"], "dev")
    assert asked["planDigest"] == good["decision"]["planDigest"]


@pytest.mark.parametrize("path", ["/promotions", "/promotions/preview"])
def test_what_cannot_be_promoted_is_refused(standing: Control, path: str):
    if not standing.get("/releases")["items"]:
        standing.sealed("2.0.0")
        standing.apply({"apiVersion": "stella/v1", "kind": "Environment", "name": "e", "spec": {}})
    wish = {"release": "shop@2.0.0", "environment": "e"}
    for changes, code in (
        ({"release": "nothing"}, "ST-REL-001"),
        ({"release": "shop@9"}, "ST-REL-001"),
        ({"release": "@"}, "ST-REL-001"),
        ({"release": ""}, "ST-REL-001"),
        ({"environment": "nowhere"}, "ST-ENV-001"),
        ({"environment": ""}, "ST-ENV-001"),
        ({"environment": None}, "ST-API-001"),
        ({"reason": "\u0000"}, "ST-API-001"),
        ({"extra": 1}, "ST-API-001"),
        ({}, "ST-PRO-009"),
    ):
        assert standing.refused("POST", path, {**wish, **changes}) == code, changes
    for by in ("vic", "ann", "olga"):
        assert standing.refused("POST", path, wish, by) == "ST-IDN-004"
    assert standing.count("promotion") == 0


def test_the_same_wish_twice_is_one_promotion_with_a_key_and_refused_without(control: Control):
    control.environment("dev", **TWO_RULES)
    body = {"release": control.sealed("2.0.0")["id"], "environment": "dev"}
    key = {"Idempotency-Key": "k"}
    one = control.ask("POST", "/promotions", body, headers=key)
    two = control.ask("POST", "/promotions", body, headers=key)
    assert one.content == two.content
    again = control.ask("POST", "/promotions", body)
    assert (again.status_code, again.json()["code"]) == (409, "ST-PRO-029")
    assert again.json()["facts"]["promotion"] == one.json()["id"]
    assert "stella why" in again.json()["remedy"]["command"]
    assert control.count("promotion") == 1


def test_an_approval_is_bound_to_the_plan_that_was_seen(control: Control):
    asked = waiting(control)
    other = "sha256:" + "0" * 64
    for wrong in (other, "", "x", asked["planDigest"].upper()):
        answer = approve(control, asked, "ann", planDigest=wrong)
        assert (answer.status_code, answer.json()["code"]) == (409, "ST-PRO-004")
    assert approve(control, asked, "ann", planDigest=None).json()["code"] == "ST-API-001"
    # What was configured since makes a new plan: who saw the old one must look again.
    control.environment("dev", **{**TWO_RULES, "parameters": {"severityMax": "high"}})
    approve(control, asked, "ann")
    now = control.post(f"/promotions/{asked['id']}/evaluate")
    assert now["planDigest"] != asked["planDigest"]
    assert not now["approvals"][0]["counts"]
    assert now["approvals"][0]["whyNot"]
    assert approve(control, asked, "bob").json()["code"] == "ST-PRO-004"
    assert approve(control, now, "ann").status_code == 200
    assert approve(control, now, "bob").status_code == 200
    assert control.get(f"/promotions/{asked['id']}")["state"] == "deploying"


def test_an_approval_counts_once_and_a_repeated_request_is_answered_the_same(control: Control):
    asked = waiting(control)
    body = {"planDigest": asked["planDigest"]}
    path, key = f"/promotions/{asked['id']}/approve", {"Idempotency-Key": "k"}
    one = control.ask("POST", path, body, by="ann", headers=key)
    two = control.ask("POST", path, body, by="ann", headers=key)
    assert one.content == two.content
    assert approve(control, asked, "ann").json()["code"] == "ST-PRO-006"
    assert control.count("approval") == 1
    assert control.get(f"/promotions/{asked['id']}")["state"] == "waiting"


def test_who_may_approve_is_said_before_and_held_when_it_is_tried(control: Control):
    asked = waiting(control, **BY_ANY)
    path = f"/promotions/{asked['id']}"
    # dan asked; vic is named by the rule, but lacks the permission; olga is not named at all.
    expected = {
        "dan": ("ST-IDN-004", False),
        "vic": ("ST-IDN-004", False),
        "olga": ("ST-IDN-004", False),
        "root": ("ST-PRO-005", False),
        "ann": (None, True),
    }
    for by, (code, allowed) in expected.items():
        shown = control.get(path, by=by)["actions"]
        assert shown["approve"]["allowed"] == shown["reject"]["allowed"] == allowed, by
        assert bool(shown["approve"]["reason"]) != allowed
        mine = control.get("/promotions", by=by, waitingForMe=True)["items"]
        assert [one["id"] for one in mine] == ([asked["id"]] if allowed else []), by
        if code is not None:
            assert approve(control, asked, by).json()["code"] == code, by
            assert control.refused("POST", f"{path}/reject", {"comment": "no"}, by) == code
    assert control.count("approval") == 0
    assert approve(control, asked, "ann").status_code == 200
    assert control.get("/promotions", by="bob", waitingForMe=True)["items"] == []


def test_nobody_approves_their_own_request_not_even_an_administrator(control: Control):
    control.environment("dev", approvals=[{"rule": "one", "approvers": ["admin", "approver"]}])
    asked = control.asked(control.sealed("2.0.0")["id"], "dev", by="root")
    answer = approve(control, asked, "root")
    assert (answer.status_code, answer.json()["code"]) == (403, "ST-PRO-003")
    shown = control.get(f"/promotions/{asked['id']}", by="root")
    assert not shown["actions"]["approve"]["allowed"]
    assert "requested" in shown["actions"]["approve"]["reason"]
    assert control.get("/promotions", by="root", waitingForMe=True)["items"] == []


def test_a_rejection_ends_it(control: Control):
    asked = waiting(control)
    path = f"/promotions/{asked['id']}"
    assert control.refused("POST", f"{path}/reject", {}, "ann") == "ST-API-001"
    assert control.post(f"{path}/reject", {"comment": "not today"}, "ann")["state"] == "rejected"
    assert control.refused("POST", f"{path}/reject", {"comment": "x"}, "bob") == "ST-PRO-007"
    assert approve(control, asked, "bob").json()["code"] == "ST-PRO-007"
    assert control.refused("POST", f"{path}/cancel", {"comment": "x"}) == "ST-KER-002"
    assert control.post(f"{path}/evaluate")["state"] == "rejected"
    shown = control.get(path)
    assert shown["evidence"]
    assert shown["history"][-1]["by"]["name"] in {"ann", "Stella"}


@pytest.mark.parametrize(
    ("by", "code"),
    [("dan", None), ("olga", None), ("root", None), ("ann", "ST-IDN-004"), ("vic", "ST-IDN-004")],
)
def test_it_is_taken_back_by_who_asked_or_by_an_operator(control: Control, by: str, code: str):
    asked = waiting(control)
    path = f"/promotions/{asked['id']}"
    assert control.get(path, by=by)["actions"]["cancel"]["allowed"] == (code is None)
    if code is not None:
        assert control.refused("POST", f"{path}/cancel", {"comment": "x"}, by) == code
        assert control.get(path)["state"] == "waiting"
        return
    assert control.post(f"{path}/cancel", {"comment": "x"}, by)["state"] == "cancelled"
    # It made room.
    assert control.asked("shop@2.0.0", "dev")["state"] == "waiting"


def test_it_is_not_taken_back_while_it_is_deployed(control: Control):
    control.environment("dev")
    asked = control.asked(control.sealed("2.0.0")["id"], "dev")
    assert asked["state"] == "deploying"
    assert not asked["actions"]["cancel"]["allowed"]
    body = {"comment": "x"}
    assert control.refused("POST", f"/promotions/{asked['id']}/cancel", body) == "ST-KER-002"


def test_judging_again_while_an_image_is_scanned_does_not_end_it(control: Control):
    control.environment("dev")
    made = control.sealed("2.0.0")
    image = made["components"][0]
    with control.database.transaction(actor="registry") as tx:
        request_scan(tx, f"registry.test/shop/web@{image['digest']}", "push")
    body = {"release": made["id"], "environment": "dev"}
    headers = {"Authorization": f"Bearer {control.tokens['dan']}"}
    asked = control.client.post("/api/v1/promotions", json=body, headers=headers).json()
    path = f"/api/v1/promotions/{asked['id']}/evaluate"
    again = control.client.post(path, headers=headers).json()
    assert again["state"] == "evaluating"
    control.settle()
    assert control.get(f"/promotions/{asked['id']}")["state"] == "deploying"


def test_a_frozen_environment_blocks_and_says_until_when(control: Control):
    control.environment("dev")
    wish = {"environment": "dev", "endsAt": "2030-01-02T00:00:00Z", "reason": "holidays"}
    control.post("/freezes", wish, by="olga")
    blocked = control.asked(control.sealed("2.0.0")["id"], "dev")
    assert blocked["state"] == "blocked"
    gate = next(one for one in blocked["decision"]["gates"] if one["name"] == "freeze")
    assert "holidays" in gate["summary"]


def test_a_freeze_that_begins_before_the_start_stops_what_was_approved(control: Control):
    asked = waiting(control)
    approve(control, asked, "ann")
    wish = {"environment": "dev", "endsAt": "2030-01-02T00:00:00Z", "reason": "holidays"}
    control.post("/freezes", wish, by="olga")
    approve(control, asked, "bob")
    assert control.get(f"/promotions/{asked['id']}")["state"] == "blocked"


def test_a_rollback_goes_the_same_road(control: Control):
    control.environment("dev")
    path = "/environments/dev/rollback"
    assert control.refused("POST", path, {"reason": "x"}, "dan") == "ST-IDN-004"
    assert control.refused("POST", path, {"reason": "x"}, "olga") == "ST-PRO-008"
    old, new = control.sealed("2.0.0"), control.sealed("3.0.0")
    control.deployed(old["id"], "dev")
    control.deployed(new["id"], "dev")
    assert control.refused("POST", "/environments/no/rollback", {"reason": "x"}, "olga") == (
        "ST-ENV-001"
    )
    never = control.sealed("4.0.0")
    body = {"reason": "x", "release": never["id"]}
    assert control.refused("POST", path, body, "olga") == "ST-PRO-008"
    back = control.post(path, {"reason": "it is slow"}, "olga")
    assert (back["release"]["id"], back["rollback"]) == (old["id"], True)
    control.finish("host-a")
    control.finish("host-b")
    assert control.get(f"/promotions/{back['id']}")["state"] == "deployed"
    assert control.get("/environments/dev")["current"]["release"]["id"] == old["id"]


def test_promotions_come_in_pages_and_by_what_is_asked_for(control: Control):
    control.environment("dev", **STRICT)
    control.environment("prod", "dev", **TWO_RULES)
    old, new = control.sealed("1.0.0", OLD), control.sealed("2.0.0")
    made = [control.asked(old["id"], "dev")["id"] for _ in range(3)]
    made.append(control.deployed(new["id"], "dev")["id"])
    made.append(control.asked(new["id"], "prod")["id"])
    seen, cursor = [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        part = control.get("/promotions", **query)
        seen += [one["id"] for one in part["items"]]
        cursor = part["next"]
        if cursor is None:
            break
    assert seen == made[::-1]

    def listed(**query: Any) -> list[str]:
        return [one["id"] for one in control.get("/promotions", **query)["items"]][::-1]

    assert listed(environment="prod") == made[4:]
    assert listed(release=old["id"]) == made[:3]
    assert listed(state="blocked") == made[:3]
    assert listed(state="waiting,deployed") == made[3:]
    assert listed(environment="nowhere") == []
    assert control.refused("GET", "/promotions?state=wating") == "ST-API-001"
    for query in ("cursor=!", "cursor=w7w", "limit=0", "limit=501", "waitingForMe=perhaps"):
        assert control.ask("GET", f"/promotions?{query}").status_code == 422, query


def test_an_unknown_promotion_is_not_found_whatever_is_done_with_it(standing: Control):
    for name in ("prm_1", "..", "%2e%2e", "x" * 500, "'; DROP TABLE promotion"):
        for verb, body in (
            ("approve", {"planDigest": "x"}),
            ("reject", {"comment": "x"}),
            ("cancel", {"comment": "x"}),
            ("evaluate", None),
        ):
            answer = standing.ask("POST", f"/promotions/{name}/{verb}", body, by="root")
            assert answer.status_code == 404, (name, verb)
    assert standing.refused("GET", "/promotions/prm_1") == "ST-PRO-001"
    assert standing.refused("GET", "/promotions/%00") == "ST-API-001"
    assert standing.refused("GET", "/promotions?environment=%00") == "ST-API-001"


def test_a_list_asks_little_of_the_database_for_each_promotion(control: Control):
    control.environment("dev", **STRICT)
    release = control.sealed("1.0.0", OLD)["id"]
    queries: list[str] = []
    event.listen(
        control.database.engine, "before_cursor_execute", lambda *words: queries.append(words[2])
    )

    def asked_for_a_list() -> int:
        queries.clear()
        control.get("/promotions")
        return len(queries)

    control.asked(release, "dev")
    one = asked_for_a_list()
    for _ in range(9):
        control.asked(release, "dev")
    ten = asked_for_a_list()
    assert ten - one <= 9 * 5


def test_a_stand_in_speaks_for_the_absent_one_and_is_shown_so(control: Control):
    asked = waiting(control, approvals=[{"rule": "security", "approvers": ["ann"]}])
    assert approve(control, asked, "bob").status_code == 403
    body = {"standIn": "bob", "endsAt": "2031-01-01T00:00:00Z", "reason": "on leave"}
    assert control.ask("POST", "/absences", body, by="vic").status_code == 403
    away = control.ask("POST", "/absences", body, by="ann").json()
    assert (away["person"]["name"], away["standIn"]["name"], away["holds"]) == ("ann", "bob", True)
    assert [one["id"] for one in control.get("/absences", by="vic")["items"]] == [away["id"]]
    part = control.get("/absences", limit=1)
    assert control.get("/absences", limit=1, cursor=part["next"]) == {"items": [], "next": None}
    assert control.ask("GET", "/absences", cursor="!").status_code == 422

    assert approve(control, asked, "bob", standsFor="ann").status_code == 200
    control.settle()
    (given,) = control.get(f"/promotions/{asked['id']}")["approvals"]
    assert (given["by"]["name"], given["standsFor"]["name"]) == ("bob", "ann")
    assert given["counts"]
    assert control.ask("POST", f"/absences/{away['id']}/end", None, by="bob").status_code == 422
    ended = control.ask("POST", f"/absences/{away['id']}/end", None, by="ann").json()
    assert ended["holds"] is False


def test_a_promotion_says_when_it_ends_by_itself(control: Control):
    control.environment("dev", **TWO_RULES, promotions={"expiresAfter": 2})
    body = {"release": control.sealed("2.0.0")["id"], "environment": "dev"}
    past = {**body, "expiresAt": "2029-12-31T00:00:00Z"}
    assert control.refused("POST", "/promotions", past) == "ST-PRO-028"
    assert control.refused("POST", "/promotions", {**body, "expiresAt": "soon"}) == "ST-KER-005"
    asked = control.post("/promotions", body)
    assert asked["expiresAt"].startswith("2030-01-01T02:00:00")
    shown = control.get(f"/promotions/{asked['id']}")
    assert (shown["state"], shown["dueAt"]) == ("waiting", None)
    assert control.get("/environments/dev")["promotions"]["expiresAfter"] == 2


def test_a_promotion_is_asked_for_in_advance(control: Control):
    control.environment("dev")
    body = {
        "release": control.sealed("2.0.0")["id"],
        "environment": "dev",
        "notBefore": "2030-01-01T08:00:00Z",
        "notAfter": "2030-01-01T10:00:00Z",
    }
    late = {**body, "notAfter": "2030-01-01T07:00:00Z"}
    assert control.ask("POST", "/promotions", late).json()["type"].endswith("ST-PRO-019")
    asked = control.ask("POST", "/promotions", body).json()
    control.settle()
    shown = control.get(f"/promotions/{asked['id']}")
    assert (shown["state"], shown["dueAt"]) == ("scheduled", "2030-01-01T08:00:00.000000Z")
    assert shown["notAfter"] == "2030-01-01T10:00:00.000000Z"
    (gate,) = [one for one in shown["decision"]["gates"] if one["name"] == "start"]
    assert gate["state"] == "waiting"


def test_an_environment_is_held_and_goes_on(control: Control):
    control.environment("dev")
    why = {"reason": "look at the logs first"}
    for by in ("dan", "ann", "vic"):
        assert control.refused("POST", "/environments/dev/hold", why, by) == "ST-IDN-004"
    assert control.refused("POST", "/environments/nowhere/hold", why, "olga") == "ST-ENV-001"
    held = control.post("/environments/dev/hold", why, "olga")["hold"]
    assert (held["by"]["name"], held["reason"]) == ("olga", why["reason"])
    assert control.refused("POST", "/environments/dev/hold", why, "olga") == "ST-ENV-006"
    assert [one["held"] for one in control.get("/matrix")["environments"]] == [True]
    assert control.post("/environments/dev/resume", why, "olga")["hold"] is None
    assert control.refused("POST", "/environments/dev/resume", why, "olga") == "ST-ENV-007"


def test_a_request_for_several_is_approved_by_one_word(control: Control):
    for name in ("west", "east"):
        control.environment(name, **TWO_RULES)
    body = {"release": control.sealed("2.0.0")["id"], "environments": ["west", "east"]}
    assert control.refused("POST", "/promotions/several", body, "vic") == "ST-IDN-004"
    none = {**body, "environments": []}
    assert control.refused("POST", "/promotions/several", none) == "ST-PRO-030"
    made = [one["id"] for one in control.post("/promotions/several", body)["items"]]
    shown = [control.get(f"/promotions/{one}") for one in made]
    plans = [{"promotion": one["id"], "planDigest": one["planDigest"]} for one in shown]
    (together,) = control.get("/promotions/alike", by="ann")["items"]
    assert {one["id"] for one in together["promotions"]} == set(made)
    assert (together["rules"], together["apart"]) == (["security", "product"], "")
    assert control.get("/promotions/alike", by="dan")["items"] == []
    word = {"plans": plans, "comment": "both look right"}
    assert control.refused("POST", "/promotions/approve", word, "dan") == "ST-IDN-004"
    empty = {**word, "plans": []}
    assert control.refused("POST", "/promotions/approve", empty, "ann") == "ST-PRO-031"
    for by in ("ann", "bob"):
        control.post("/promotions/approve", word, by)
    assert [control.get(f"/promotions/{one}")["state"] for one in made] == ["deploying"] * 2


def test_a_request_for_several_is_previewed_as_one_request(control: Control):
    control.environment("dev")
    control.environment("stage", "dev")
    release = control.sealed("2.0.0")["id"]
    alone = {"release": release, "environment": "stage"}
    assert control.post("/promotions/preview", alone)["decision"]["outcome"] == "blocked"
    found = control.post("/promotions/preview", {**alone, "together": ["dev", "stage"]})
    (order,) = [one for one in found["decision"]["gates"] if one["name"] == "order"]
    assert (found["decision"]["outcome"], order["state"]) == ("waiting", "waiting")
    assert "is on its way to dev (this request)" in order["summary"]
    assert control.count("promotion") == 0


def test_what_waits_for_its_turn_says_so(control: Control):
    control.environment("dev", promotions={"supersede": "older"})
    first = control.asked(control.sealed("2.0.0")["id"], "dev")
    body = {"release": control.sealed("3.0.0")["id"], "environment": "dev", "priority": "high"}
    asked = control.post("/promotions", body)
    second = control.get(f"/promotions/{asked['id']}")
    assert (second["state"], second["priority"]) == ("queued", "high")
    assert (second["queue"]["position"], second["queue"]["behind"]) == (1, first["id"])
    assert second["queue"]["behindRelease"]["version"] == "2.0.0"
    assert [one["id"] for one in control.get("/environments/dev/queue")["items"]] == [asked["id"]]
    assert control.refused("GET", "/environments/moon/queue") == "ST-ENV-001"
    assert control.get("/matrix")["pending"] == {"dev": first["id"]}
    assert control.refused("POST", "/promotions", {**body, "priority": "rollback"}) == "ST-API-001"
    third = control.asked(control.sealed("4.0.0")["id"], "dev")
    gone = control.get(f"/promotions/{second['id']}")
    assert (gone["state"], gone["supersededBy"]) == ("superseded", third["id"])
    assert [one["kind"] for one in gone["evidence"]] == ["promotion"]


def test_what_nobody_asked_for_says_what_it_follows(control: Control):
    control.environment("dev")
    control.environment("prod", "dev", promotions={"automatic": {"pick": "newest"}})
    first = control.deployed(control.sealed("2.0.0")["id"], "dev")
    (asked,) = control.get("/promotions", environment="prod")["items"]
    assert (asked["follows"], asked["requestedBy"]["name"]) == (first["deployment"], "Stella")
    shown = control.get("/environments/prod")["promotions"]["automatic"]
    assert shown == {"from": "dev", "pick": "newest"}
