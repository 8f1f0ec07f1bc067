"""On-call schedules by the API: applied, shown, shifts taken, asked by rules, kept while they are asked."""

from datetime import timedelta
from typing import Any

from api.test_apply import document, environment
from api.test_owning import applied, facts, names, refusal
from fixtures.control import Control
from stella.kernel import time_text

LAYER = {
    "name": "all",
    "people": ["ann", "bob"],
    "from": "2029-12-30T18:00",
    "every": {"hours": 24},
}


def schedule(**more: Any) -> dict[str, Any]:
    return document("OnCallSchedule", "payments", timeZone="UTC", layers=[LAYER], **more)


def asking(name: str = "dev") -> dict[str, Any]:
    return environment(name, approvals=[{"rule": "on duty", "approvers": ["oncall:payments"]}])


def ready(control: Control) -> Any:
    control.environment("dev")
    applied(control, schedule(), asking())
    return control.asked(control.sealed("2.0.0")["id"], "dev")


def test_it_is_shown_with_who_is_on_call_and_when_nobody_is(control: Control):
    nights = {**LAYER, "name": "nights", "only": [{"from": "22:00", "until": "06:00"}]}
    people = ["ann", "zoe"]
    applied(
        control,
        document("OnCallSchedule", "night", timeZone="UTC", layers=[{**nights, "people": people}]),
    )
    (listed,) = control.get("/oncall")["items"]
    found = control.get("/oncall/night", days=2)
    assert listed["name"] == found["name"] == "night"
    assert found["now"]["person"] == "zoe"
    assert found["now"]["endsAt"] == "2030-01-01T06:00:00.000000Z"
    assert found["next"] == {
        "person": None,
        "startsAt": "2030-01-01T06:00:00.000000Z",
        "endsAt": "2030-01-01T22:00:00.000000Z",
        "by": "",
    }
    assert [one["person"] for one in found["shifts"]] == ["zoe", None, "ann", None, "zoe"]
    assert found["gaps"] == 2
    assert found["people"] == [
        {"name": "ann", "isKnown": True},
        {"name": "zoe", "isKnown": False},
    ]
    assert found["layers"][0]["only"] == [{"from": "22:00", "until": "06:00", "days": []}]
    assert found["environments"] == []
    answer = control.ask("GET", "/oncall/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "ST-ENV-015")


def test_whoever_is_on_call_approves_and_others_are_told_who_that_is(control: Control):
    asked = ready(control)
    shown = control.get(f"/promotions/{asked['id']}", by="ann")
    (now,) = shown["onCall"]
    assert (now["schedule"], now["now"]["person"], now["next"]["person"]) == (
        "payments",
        "bob",
        "ann",
    )
    approve = shown["actions"]["approve"]
    assert approve["allowed"] is False
    assert "it is bob, on call for payments until 2030-01-01T18" in approve["reason"]
    body = {"planDigest": shown["planDigest"], "comment": ""}
    path = f"/promotions/{asked['id']}/approve"
    refused = control.ask("POST", path, body, by="ann")
    assert (refused.status_code, refused.json()["code"]) == (403, "ST-PRO-036")
    assert refused.json()["facts"]["onCall"] == {"payments": "bob"}
    control.post(path, body, by="bob")
    control.settle()
    done = control.get(f"/promotions/{asked['id']}")
    assert done["onCall"] == []
    (given,) = done["approvals"]
    assert given["counts"]
    assert given["onCall"]["schedule"] == "payments"
    assert given["onCall"]["person"] == "bob"


def test_people_who_take_turns_take_shifts_and_give_them_back(control: Control):
    applied(control, schedule())
    soon = time_text(control.clock() + timedelta(hours=2))
    body = {"person": "ann", "endsAt": soon, "reason": "a train is late"}
    taken = control.post("/oncall/payments/shifts", body, by="bob")
    assert (taken["person"], taken["by"]["name"], taken["endedAt"]) == ("ann", "bob", None)
    found = control.get("/oncall/payments")
    assert found["now"] == {
        "person": "ann",
        "startsAt": taken["startsAt"],
        "endsAt": soon,
        "by": taken["id"],
    }
    assert [one["id"] for one in found["taken"]] == [taken["id"]]
    # Neither by who takes no turns, nor for them; who changes environments may give it to anybody.
    for by, person, code in (("dan", "ann", "ST-IDN-004"), ("ann", "dan", "ST-ENV-018")):
        answer = control.ask("POST", "/oncall/payments/shifts", {**body, "person": person}, by=by)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert control.post("/oncall/payments/shifts", {**body, "person": "dan"}, by="olga")
    assert control.get("/oncall/payments")["now"]["person"] == "dan", "the newest counts"
    path = f"/oncall/payments/shifts/{taken['id']}/return"
    assert control.ask("POST", path.replace("payments", "other"), by="ann").status_code == 404
    assert control.post(path, by="ann")["endedAt"]
    assert control.ask("POST", path, by="ann").json()["code"] == "ST-ENV-017"
    told = [data["person"] for _, data in facts(control, "ShiftTaken")]
    assert told == ["ann", "dan"]
    assert [data["shift"] for _, data in facts(control, "ShiftReturned")] == [taken["id"]]


def test_it_cannot_end_while_an_environment_asks_for_it(control: Control):
    said = refusal(control, asking())
    assert "there is no on-call schedule 'payments'" in said["title"]
    # In one call the schedule comes before the environment that asks for it, whatever their order.
    applied(control, asking(), schedule(), owner="shop")
    said = refusal(control, asking(), owner="shop", prune=True)
    assert said["code"] == "ST-ENV-010"
    assert "Environment dev asks whoever is on call by it" in said["title"]
    changes = applied(control, environment("dev"), owner="shop", prune=True)
    assert ("OnCallSchedule", "payments", "removed") in changes
    assert names(control, "OnCallSchedule") == []
    assert control.get("/oncall")["items"] == []


def test_it_is_exported_as_it_was_applied(control: Control):
    later = {
        "person": "ann",
        "from": "2030-02-01T00:00:00+01:00",
        "until": "2030-02-02T00:00:00Z",
    }
    applied(control, schedule(overrides=[later]))
    (exported,) = control.get("/documents", kind="OnCallSchedule")["items"]
    assert exported["spec"]["layers"] == [LAYER]
    assert exported["spec"]["overrides"][0]["from"] == "2030-01-31T23:00:00.000000Z"
    assert [one["change"] for one in control.apply(exported).json()["changes"]] == ["unchanged"]
