"""Lifecycles by the API: shown, walked, pruned; channels of releases; hotfixes by who may."""

from typing import Any

from sqlalchemy import event

from api.test_apply import document, environment, target
from fixtures.control import Control

PHASES = [
    {"name": "dev", "environments": ["dev"]},
    {"name": "stage", "environments": ["stage"]},
    {"name": "prod", "environments": ["prod"]},
]


def ready(control: Control, **more: Any) -> None:
    documents = [
        one
        for name in ("dev", "stage", "prod")
        for one in (
            environment(name),
            target(f"{name}-a", name, project=f"shop-{name}", components=["web"], agent="host-a"),
            target(
                f"{name}-b", name, project=f"shop-{name}", components=["worker"], agent="host-b"
            ),
        )
    ]
    answer = control.apply(
        *documents, document("Lifecycle", "standard", phases=PHASES, **{"default": True, **more})
    )
    assert answer.is_success, answer.text


def sealed(control: Control, version: str, **more: str) -> Any:
    components = {
        "web": control.push("web", version, {}),
        "worker": control.push("worker", version, {}),
    }
    body = {"name": "shop", "version": version, "components": components, **more}
    return control.post("/releases", body)


def test_it_is_shown_with_where_a_release_stands(control: Control):
    ready(control)
    release = sealed(control, "1.0.0")
    assert (release["channel"], release["lifecycle"]) == ("", "standard")
    assert control.deployed(release["id"], "dev")["state"] == "deployed"
    control.asked(release["id"], "stage")
    (listed,) = control.get("/lifecycles")["items"]
    assert listed["release"] is None
    assert [one["done"] for one in listed["phases"]] == [None, None, None]
    shown = control.get("/lifecycles/standard", release="shop@1.0.0")
    assert shown["release"]["id"] == release["id"]
    assert [one["done"] for one in shown["phases"]] == [1, 0, 0]
    assert [one["letsIn"] for one in shown["phases"]] == [True, True, False]
    states = [one["environments"][0]["state"] for one in shown["phases"]]
    assert states == ["done", "coming", "open"]
    assert control.refused("GET", "/lifecycles/moon") == "ST-ENV-012"
    assert control.get("/environments/dev")["lifecycles"] == ["standard"]


def test_a_circle_is_refused_and_nothing_is_kept(control: Control):
    ready(control)
    phases = [{**PHASES[0], "after": ["prod"]}, *PHASES[1:]]
    answer = control.apply(document("Lifecycle", "standard", phases=phases))
    assert answer.json()["code"] == "ST-ENV-011"
    assert "dev -> stage -> prod -> dev" in answer.json()["title"] + answer.json().get("detail", "")
    assert [one["after"] for one in control.get("/lifecycles/standard")["phases"]] == [
        [],
        ["dev"],
        ["stage"],
    ]


def test_a_hotfix_of_its_channel_is_previewed_done_and_shown(control: Control):
    ready(control, hotfix={"skip": ["dev", "stage"], "channels": ["hotfix"]})
    release = sealed(control, "1.0.1", channel="hotfix")
    assert (release["channel"], release["lifecycle"]) == ("hotfix", "standard")
    wish = {"release": release["id"], "environment": "prod"}
    seen = control.post("/promotions/preview", wish)["decision"]["hotfix"]
    assert (seen["phases"], seen["channel"]) == (["dev", "stage"], "hotfix")
    done = control.deployed(release["id"], "prod")
    assert done["state"] == "deployed"
    assert done["decision"]["hotfix"]["phases"] == ["dev", "stage"]
    assert "HotfixTaken" in [one["event"] for one in done["history"]]


def test_who_asks_for_a_hotfix_is_asked_whether_they_may(control: Control):
    ready(control, hotfix={"skip": ["dev", "stage"], "by": ["admin"]})
    release = sealed(control, "1.0.1")
    wish = {"release": release["id"], "environment": "prod", "reason": "down", "hotfix": True}
    assert control.refused("POST", "/promotions", wish) == "ST-PRO-032"
    silent = {**wish, "reason": " "}
    assert control.refused("POST", "/promotions", silent, by="root") == "ST-PRO-032"
    made = control.post("/promotions", wish, by="root")
    shown = control.get(f"/promotions/{made['id']}")
    assert (shown["hotfix"], shown["state"]) == (True, "deploying")
    assert shown["decision"]["hotfix"]["by"]["name"] == "root"


def test_pruning_hands_its_channels_to_another(control: Control):
    ready(control)
    first = document("Lifecycle", "one", phases=PHASES, channels=["beta"])
    second = document("Lifecycle", "two", phases=PHASES, channels=["beta"])
    assert control.apply(first, owner="shop").is_success
    assert control.apply(second).json()["code"] == "ST-ENV-002"
    answer = control.apply(second, owner="shop", prune=True)
    assert answer.is_success, answer.text
    changes = {one["name"]: one["change"] for one in answer.json()["changes"]}
    assert changes == {"two": "created", "one": "removed"}


def test_an_environment_that_a_lifecycle_names_is_kept(control: Control):
    review = environment("review", endsAt="2030-02-01T18:00:00Z")
    named = document("Lifecycle", "one", phases=[{"name": "r", "environments": ["review"]}])
    other = document("Variables", "none", variables=[])
    assert control.apply(review, owner="shop").is_success
    assert control.apply(named).is_success
    answer = control.apply(other, owner="shop", prune=True)
    assert answer.json()["facts"]["reasons"] == ["Environment review: Lifecycle one names it"]
    assert control.get("/environments/review")["endsAt"] == "2030-02-01T18:00:00.000000Z"


def test_variables_count_for_a_channel(control: Control):
    ready(control)
    answer = control.apply(
        document(
            "Variables",
            "all",
            variables=[
                {"name": "LEVEL", "value": "info"},
                {"name": "LEVEL", "value": "debug", "when": {"channel": ["next"]}},
            ],
        )
    )
    assert answer.is_success, answer.text
    for version, channel, value in (("1", "next", "debug"), ("2", "stable", "info")):
        release = sealed(control, version, channel=channel)
        found = control.get(f"/releases/{release['id']}/variables", environment="dev")
        (one,) = found["answers"]
        assert one["used"]["value"] == value
    assert found["order"][-1] == "channel"


def test_lifecycles_are_read_once_for_a_list_and_places_at_once(control: Control):
    ready(control)
    release = sealed(control, "1.0.0")["id"]
    asked: list[str] = []
    event.listen(
        control.database.engine, "before_cursor_execute", lambda *words: asked.append(words[2])
    )

    def count(table: str) -> int:
        return sum(f"FROM {table} " in " ".join(one.split()) for one in asked)

    assert len(control.get("/environments")["items"]) == 3
    assert count("lifecycle") == 1
    asked.clear()
    control.get("/lifecycles/standard", release=release)
    assert count("promotion") == 1
