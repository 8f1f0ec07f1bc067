"""Components, their versions and releases made of templates, by the API on a real registry's words."""

from typing import Any

import pytest

from fixtures.control import Control
from fixtures.road import BASE, FIXED
from image.images import Layer, build, push
from stella.release.components.store import delete_component


def document(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


WEB = document(
    "Component",
    "web",
    image="registry.test/shop/web",
    channels={"next": {"prereleases": True}},
)
WORKER = document("Component", "worker", image="registry.test/shop/worker")
SHOP = document(
    "ReleaseTemplate", "shop", components={"web": {}, "worker": {}}, version="1.{counter}"
)


@pytest.fixture
def shop(control: Control) -> Control:
    for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "latest"):
        control.push("web", version, FIXED)
    control.push("worker", "3.0.0", {})
    assert control.apply(WEB, WORKER, SHOP).is_success
    return control


def test_versions_are_what_the_registry_has_by_the_rule(shop: Control):
    found = shop.get("/release-components/web/versions")
    assert [one["version"] for one in found["versions"]] == ["1.10.0", "1.9.0", "1.0.0"]
    assert found["others"] == 2
    newest = shop.get("/release-components/web/versions", channel="next")["versions"][0]
    assert newest["version"] == "2.0.0-rc.1"
    assert shop.refused("GET", "/release-components/web/versions?channel=gone") == "ST-REL-010"
    assert shop.refused("GET", "/release-components/gone") == "ST-REL-009"
    assert [one["name"] for one in shop.get("/release-components")["items"]] == ["web", "worker"]


def test_a_release_is_made_of_the_newest_and_counted(shop: Control):
    made = shop.post("/releases/from-template", {"template": "shop"})
    assert (made["name"], made["version"]) == ("shop", "1.1")
    assert [one["reference"] for one in made["components"]] == [
        "registry.test/shop/web:1.10.0",
        "registry.test/shop/worker:3.0.0",
    ]
    wish = {"template": "shop", "versions": {"web": "1.9.0"}}
    by_hand = shop.post("/releases/from-template", wish)
    assert by_hand["version"] == "1.2"
    assert by_hand["components"][0]["reference"].endswith("/web:1.9.0")


def test_what_a_template_would_make_is_told_and_takes_no_number(shop: Control):
    body = {"template": "shop"}
    would = shop.post("/releases/from-template/preview", body)
    assert (would["version"], would["before"], would["gone"]) == ("1.1", None, [])
    assert [(one["component"], one["version"]) for one in would["components"]] == [
        ("web", "1.10.0"),
        ("worker", "3.0.0"),
    ]
    made = shop.post("/releases/from-template", body)
    assert made["version"] == "1.1"
    sealed = {one["name"]: one["digest"] for one in made["components"]}
    assert {one["component"]: one["digest"] for one in would["components"]} == sealed
    next_one = shop.post("/releases/from-template/preview", body)
    assert next_one["version"] == "1.2"
    assert next_one["before"]["version"] == "1.1"
    assert {one["component"]: one["before"] for one in next_one["components"]} == sealed
    assert shop.count("release") == 1


def test_what_would_be_refused_is_refused_in_the_preview(shop: Control):
    template = document("ReleaseTemplate", "web-only", components={"web": {}}, version="{web}")
    shop.apply(template)
    shop.post("/releases/from-template", {"template": "web-only"})
    path = "/releases/from-template/preview"
    assert shop.refused("POST", path, {"template": "web-only"}) == "ST-REL-002"
    shop.apply(document("Component", "worker", **WORKER["spec"], platforms=["linux/arm64"]))
    assert shop.refused("POST", path, {"template": "shop"}) == "ST-REL-011"


def test_a_version_is_resolved_as_a_release_would_take_it(shop: Control):
    now = shop.get("/release-components/web/versions/1.9.0")
    made = shop.post("/releases/from-template", {"template": "shop", "versions": {"web": "1.9.0"}})
    assert now["digest"] == made["components"][0]["digest"]
    assert (now["tag"], now["told"]) == ("1.9.0", None)
    gone = "/release-components/web/versions/9.9.9"
    assert shop.refused("GET", gone) == "ST-REL-010"
    image = f"registry.test/shop/web@{now['digest']}"
    shop.post("/release-components/web/versions", {"version": "1.9.1", "image": image})
    told = shop.get("/release-components/web/versions/1.9.1")
    assert (told["tag"], told["told"]["digest"]) == (None, now["digest"])


def test_a_channels_own_form_of_a_tag_is_found_by_hand(shop: Control):
    shop.push("web", "nightly-3.0.0", FIXED)
    spec = {**WEB["spec"], "channels": {"nightly": {"tag": "nightly-{version}"}}}
    shop.apply(document("Component", "web", **spec))
    path = "/release-components/web/versions/3.0.0"
    assert shop.get(path, channel="nightly")["tag"] == "nightly-3.0.0"


def test_releases_are_listed_by_a_component_that_they_hold(shop: Control):
    made = shop.post("/releases/from-template", {"template": "shop"})
    shop.post(
        "/releases",
        {"name": "solo", "version": "1", "components": {"web": "registry.test/shop/web:1.0.0"}},
    )
    of_worker = shop.get("/releases", component="worker")["items"]
    assert [one["id"] for one in of_worker] == [made["id"]]
    assert len(shop.get("/releases", component="web")["items"]) == 2
    assert shop.get("/releases", component="gone")["items"] == []


def test_a_number_that_was_taken_by_hand_is_passed_over(shop: Control):
    components = {"web": "registry.test/shop/web:1.0.0"}
    shop.post("/releases", {"name": "shop", "version": "1.1", "components": components})
    assert shop.post("/releases/from-template", {"template": "shop"})["version"] == "1.2"


def test_the_version_can_be_that_of_a_component(shop: Control):
    template = document("ReleaseTemplate", "web-only", components={"web": {}}, version="{web}")
    shop.apply(template)
    assert shop.post("/releases/from-template", {"template": "web-only"})["version"] == "1.10.0"
    again = shop.refused("POST", "/releases/from-template", {"template": "web-only"})
    assert again == "ST-REL-002"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"template": "gone"}, "ST-REL-009"),
        ({"template": "shop", "versions": {"web": "9.9.9"}}, "ST-REL-010"),
        ({"template": "shop", "versions": {"db": "1"}}, "ST-REL-003"),
    ],
)
def test_what_cannot_be_made_is_refused_and_takes_no_number(
    shop: Control, wish: dict[str, Any], code: str
):
    assert shop.refused("POST", "/releases/from-template", wish) == code
    assert shop.post("/releases/from-template", {"template": "shop"})["version"] == "1.1"


def test_an_image_without_a_platform_that_is_needed_is_refused(shop: Control):
    spec = {**WORKER["spec"], "platforms": ["linux/arm64"]}
    shop.apply(document("Component", "worker", **spec))
    answer = shop.ask("POST", "/releases/from-template", {"template": "shop"})
    assert answer.json()["code"] == "ST-REL-011"
    assert answer.json()["facts"]["missing"] == ["linux/arm64"]


def test_a_release_that_is_made_by_hand_needs_the_platforms_too(shop: Control):
    spec = {**WORKER["spec"], "platforms": ["linux/arm64"]}
    shop.apply(document("Component", "worker", **spec))
    components = {"worker": "registry.test/shop/worker:3.0.0"}
    body = {"name": "hand", "version": "1", "components": components}
    answer = shop.ask("POST", "/releases", body)
    assert answer.json()["code"] == "ST-REL-011"
    assert "has no linux/arm64; it has linux/amd64" in answer.json()["title"]
    assert shop.count("release") == 0
    assert shop.post("/releases", {**body, "components": {"other": components["worker"]}})


def test_a_mirror_holds_the_same_images_or_none_is_taken(shop: Control):
    mirrored = {**WEB["spec"], "mirrors": ["registry.test/mirror/web"]}
    shop.apply(document("Component", "web", **mirrored))
    assert shop.post("/releases/from-template", {"template": "shop"})["version"] == "1.1"
    push(shop.registry, build(BASE, Layer.of({"srv/version": b"another"})), "mirror/web", "1.10.0")
    answer = shop.ask("POST", "/releases/from-template", {"template": "shop"})
    assert answer.json()["code"] == "ST-REL-012"
    assert set(answer.json()["facts"]["digests"]) == {
        "registry.test/shop/web:1.10.0",
        "registry.test/mirror/web:1.10.0",
    }


def test_a_channel_may_lie_in_another_repository(shop: Control):
    shop.push("web-next", "2.1.0", FIXED)
    spec = {**WEB["spec"], "channels": {"next": {"image": "registry.test/shop/web-next"}}}
    template = {"components": {"web": {"channel": "next"}}, "version": "{web}"}
    shop.apply(document("Component", "web", **spec), document("ReleaseTemplate", "n", **template))
    found = shop.get("/release-components/web/versions", channel="next")
    assert (found["image"], found["versions"][0]["version"]) == (
        "registry.test/shop/web-next",
        "2.1.0",
    )
    made = shop.post("/releases/from-template", {"template": "n"})
    assert made["components"][0]["reference"] == "registry.test/shop/web-next:2.1.0"


def test_a_job_tells_versions_of_tags_that_are_none(shop: Control):
    image = shop.push("web", "build-7f3c", FIXED)
    told = {"version": "1.11.0", "image": image, "commit": "c" * 40, "build": "shop/web 12"}
    path = "/release-components/web/versions"
    made = shop.post(path, told)
    assert (made["image"], made["channel"]) == (f"registry.test/shop/web@{made['digest']}", None)
    assert shop.post(path, told) == made
    newest = shop.get(path)["versions"][0]
    assert (newest["version"], newest["tag"], newest["told"]["build"]) == (
        "1.11.0",
        None,
        "shop/web 12",
    )
    assert shop.get(path, channel="next")["versions"][0]["version"] == "2.0.0-rc.1"
    release = shop.post("/releases/from-template", {"template": "shop"})
    web = release["components"][0]
    assert (web["digest"], web["reference"]) == (made["digest"], made["image"])
    wish = {"template": "shop", "versions": {"web": "1.9.0"}}
    by_hand = shop.post("/releases/from-template", wish)["components"][0]
    assert by_hand["reference"] == "registry.test/shop/web:1.9.0"
    # It is that image for good, also where its tag names another one, or a tag is that version.
    other = shop.push("web", "1.11.0", {})
    assert shop.refused("POST", path, {**told, "image": other}) == "ST-REL-014"
    assert shop.get(path)["versions"][0]["told"]["digest"] == made["digest"]
    shop.seal()
    (fact,) = shop.get("/facts", subject="web", kind="ComponentVersionTold")["items"]
    assert fact["data"]["commit"] == "c" * 40


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"version": "latest"}, "ST-REL-013"),
        ({"version": "1.11"}, "ST-REL-013"),  # one version has one form
        ({"version": "01.11.0"}, "ST-REL-013"),
        ({"version": "1.11.0-rc.01"}, "ST-REL-013"),
        ({"version": "1." + "9" * 80}, "ST-REL-013"),
        ({"image": "registry.test/shop/worker:3.0.0"}, "ST-REL-013"),
        ({"image": "registry.test/shop/web:gone"}, "ST-REG-002"),
        ({"commit": "c"}, "ST-REL-013"),
        ({"url": "file:///etc/passwd"}, "ST-REL-013"),
        ({"build": "a\nb"}, "ST-REL-013"),
        ({"channel": "gone"}, "ST-REL-010"),
    ],
)
def test_what_cannot_be_told(shop: Control, more: dict[str, Any], code: str):
    told = {"version": "1.11.0", "image": "registry.test/shop/web:1.0.0", **more}
    assert shop.refused("POST", "/release-components/web/versions", told) == code
    assert shop.refused("POST", "/release-components/web/versions", told, by="vic") != code
    assert shop.count("told_version") == 0


def test_a_component_that_ends_takes_what_was_told_along(shop: Control):
    told = {"version": "1.11.0", "image": "registry.test/shop/web:1.0.0"}
    shop.post("/release-components/web/versions", told)
    with shop.services.database.transaction(actor="usr_op") as tx:
        delete_component(tx, "web")
    assert shop.count("told_version") == 0


def test_a_template_of_components_that_are_not_there_is_refused(shop: Control):
    strange = document(
        "ReleaseTemplate", "x", components={"db": {}, "web": {"channel": "gone"}}, version="1"
    )
    answer = shop.apply(strange)
    assert answer.json()["code"] == "ST-REL-008"
    assert "'db'" in answer.json()["title"]
    assert "no channel 'gone'" in answer.json()["title"]


def test_a_version_that_becomes_too_long_is_refused_before_it_is_counted(shop: Control):
    long = "3.0.0-" + "a" * 60
    shop.push("worker", long, {})
    shop.apply(
        document(
            "Component",
            "worker",
            image="registry.test/shop/worker",
            channels={"next": {"prereleases": True}},
        ),
        document(
            "ReleaseTemplate",
            "long",
            components={"worker": {"channel": "next"}, "web": {}},
            version="{worker}-{web}.{counter}",
        ),
    )
    wish = {"template": "long", "versions": {"worker": long}}
    assert shop.refused("POST", "/releases/from-template", wish) == "ST-REL-003"
    assert shop.count("release_counter") == 0
