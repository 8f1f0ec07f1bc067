"""Releases: what is sealed, what is refused, what is done once."""

import json

import pytest

from fixtures.control import Control
from fixtures.road import BASE, FIXED, OLD
from image.images import Layer, build, index_of, push
from stella.kernel import Digest, Remedy
from stella.plugin.refusals import RegistryUnreachable

INDEX = "application/vnd.oci.image.index.v1+json"
DIGEST = "sha256:" + "a" * 64


def wish(**changes: object) -> dict[str, object]:
    return {
        "name": "shop",
        "version": "1.0.0",
        "components": {"web": "registry.test/shop/web:1"},
        **changes,
    }


def test_a_release_is_sealed_with_its_digests_and_scanned(control: Control):
    made = control.sealed("2.0.0")
    shown = control.get("/releases/shop@2.0.0")
    assert shown["id"] == made["id"]
    assert [one["name"] for one in shown["components"]] == ["web", "worker"]
    for one in shown["components"]:
        assert one["digest"].startswith("sha256:")
        (scan,) = one["scans"]
        assert scan["state"] == "done"
        assert one["tagDrift"] is None
    assert shown["createdBy"]["name"] == "dan"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("registry.test/shop/nothing:1", "ST-REG-002"),
        ("registry.test/shop/web:gone", "ST-REG-002"),
        (f"registry.test/shop/web@{DIGEST}", "ST-REG-002"),
        ("shop/web:1", "ST-IMG-001"),
        ("", "ST-IMG-001"),
        ("registry.test/shop/web:1\n", "ST-IMG-001"),
        ("registry.test/SHOP:1", "ST-IMG-001"),
        ("registry.test/shop/web@sha256:abc", "ST-IMG-001"),
        ("http://registry.test/shop/web:1", "ST-IMG-001"),
        ("registry.test/" + "a" * 5000, "ST-IMG-001"),
    ],
)
def test_an_image_that_is_not_there_is_refused_and_nothing_is_sealed(
    control: Control, reference: str, code: str
):
    control.push("web", "1", FIXED)
    assert control.refused("POST", "/releases", wish(components={"web": reference})) == code
    assert control.get("/releases")["items"] == []


def test_an_unreachable_registry_is_the_outside_worlds_fault(control: Control):
    def unreachable(repository: str, reference: str) -> None:
        raise RegistryUnreachable("nobody answers", remedy=Remedy("Start it."))

    control.registry.manifest = unreachable  # type: ignore[assignment]
    answer = control.ask("POST", "/releases", wish())
    assert answer.status_code == 502
    assert answer.json()["retry_may_help"]
    assert answer.json()["remedy"]["advice"]


def test_an_index_without_a_runnable_platform_is_refused(control: Control):
    image = build(BASE)
    attestation = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": image.digest.text,
        "size": len(image.manifest),
        "platform": {"os": "unknown", "architecture": "unknown"},
    }
    content = json.loads(index_of())
    content["manifests"] = [attestation]
    control.registry.put_manifest(
        "shop/web", json.dumps(content).encode(), media_type=INDEX, tag="1"
    )
    answer = control.ask("POST", "/releases", wish())
    assert (answer.status_code, answer.json()["code"]) == (404, "ST-IMG-002")
    assert "no runnable platform" in answer.json()["title"]


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{", b"[]", b"null", b'{"schemaVersion":2}', b"\xff\xfe", b"[" * 100_000],
)
def test_a_malformed_manifest_is_refused(control: Control, manifest: bytes):
    control.registry.put_manifest("shop/web", manifest, media_type=INDEX, tag="1")
    answer = control.ask("POST", "/releases", wish())
    assert 400 <= answer.status_code < 500 or answer.status_code == 502
    assert answer.json()["code"] != "ST-API-008"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "Shop"},
        {"name": "a/b"},
        {"name": "a" * 65},
        {"name": "shop\n"},
        {"version": ""},
        {"version": "1 0"},
        {"version": "../1"},
        {"version": "1.0\u0000"},
        {"version": "v@1"},
        {"components": {}},
        {"components": {"Web": "registry.test/shop/web:1"}},
        {"components": {"a" * 100: "registry.test/shop/web:1"}},
        {"components": {f"c{n}": "registry.test/shop/web:1" for n in range(257)}},
    ],
)
def test_a_name_version_or_component_that_cannot_be_is_refused_before_the_registry_is_asked(
    control: Control, changes: dict[str, object]
):
    answer = control.ask("POST", "/releases", wish(**changes))
    assert answer.status_code == 422
    assert control.registry.reads == []
    assert len(answer.content) < 2000


@pytest.mark.parametrize(
    "changes",
    [
        {"components": {"web": 1}},
        {"components": ["registry.test/shop/web:1"]},
        {"components": None},
        {"name": ["shop"]},
        {"extra": 1},
        {"version": 1.0},
    ],
)
def test_a_wish_of_another_form_is_refused(control: Control, changes: dict[str, object]):
    assert control.refused("POST", "/releases", wish(**changes)) == "ST-API-001"


def test_the_same_release_twice_is_a_conflict_and_once_with_a_key(control: Control):
    control.push("web", "1", FIXED)
    key = {"Idempotency-Key": "a-wish"}
    first = control.ask("POST", "/releases", wish(), headers=key)
    # The registry is gone, the tag moved: the answer is that of the first time all the same.
    control.registry.manifests.clear()
    second = control.ask("POST", "/releases", wish(), headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    control.push("web", "1", OLD)
    assert control.refused("POST", "/releases", wish()) == "ST-REL-002"
    assert len(control.get("/releases")["items"]) == 1


def test_the_same_images_under_another_version_are_the_same_release(control: Control):
    control.push("web", "1", FIXED)
    one = control.post("/releases", wish())
    two = control.post("/releases", wish(version="1.0.1"))
    assert one["releaseDigest"] == two["releaseDigest"]
    assert one["id"] != two["id"]


def test_an_index_stays_an_index_and_its_platforms_are_scanned(control: Control):
    layer = Layer.of({"srv/x": b"1"})
    images = (build(BASE, layer), build(BASE, layer, platform="linux/arm64/v8"))
    push(control.registry, images, "shop/web", "1")
    made = control.post("/releases", wish())
    (component,) = control.get(f"/releases/{made['id']}")["components"]
    assert component["digest"] == Digest.of(index_of(*images)).text
    assert [one["platform"] for one in component["platforms"]] == ["linux/amd64", "linux/arm64/v8"]
    assert {one["platformDigest"] for one in component["scans"]} == {
        one.digest.text for one in images
    }


def test_a_moved_tag_is_shown_as_drift_and_changes_nothing(control: Control):
    control.push("web", "1", FIXED)
    made = control.post("/releases", wish())
    control.push("web", "1", OLD)
    moved = control.registry.manifests["shop/web", "1"].digest.text
    event = {
        "action": "push",
        "request": {"host": "registry.test"},
        "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": moved,
            "repository": "shop/web",
            "tag": "1",
        },
    }
    headers = {"Authorization": f"Bearer {control.services.keys.hook_token}"}
    control.client.post("/api/v1/hooks/registry", json={"events": [event]}, headers=headers)
    control.settle()
    (component,) = control.get(f"/releases/{made['id']}")["components"]
    assert component["digest"] == made["components"][0]["digest"] != moved
    assert component["tagDrift"]["digest"] == moved


def test_two_releases_differ_by_packages_and_findings(control: Control):
    old, new = control.sealed("1.0.0", OLD), control.sealed("2.0.0", FIXED)
    diff = control.get(f"/releases/{old['id']}/diff/{new['id']}")
    web = next(one for one in diff["components"] if one["name"] == "web")
    assert {one["name"] for one in web["packages"]} >= {"requests", "jinja2"}
    assert web["findings"]["fixed"]
    assert not web["findings"]["introduced"]
    assert control.refused("GET", f"/releases/{old['id']}/diff/nothing") == "ST-REL-001"


def test_a_withdrawn_release_is_promoted_no_more(control: Control):
    control.environment("dev")
    made = control.sealed("2.0.0")
    path = f"/releases/{made['id']}/withdraw"
    assert control.refused("POST", path, {"reason": "x"}, by="ann") == "ST-IDN-004"
    assert control.post(path, {"reason": "broken"})["state"] == "withdrawn"
    assert control.refused("POST", path, {"reason": "broken"}) == "ST-KER-002"
    wanted = {"release": made["id"], "environment": "dev"}
    assert control.refused("POST", "/promotions", wanted) == "ST-REL-004"
    assert control.refused("POST", "/promotions/preview", wanted) == "ST-REL-004"


def test_releases_come_in_pages(control: Control):
    control.push("web", "1", FIXED)
    made = [control.post("/releases", wish(version=f"1.0.{n}"))["id"] for n in range(5)]
    first = control.get("/releases", limit=2)
    second = control.get("/releases", limit=2, cursor=first["next"])
    third = control.get("/releases", limit=2, cursor=second["next"])
    assert third["next"] is None
    listed = [one["id"] for part in (first, second, third) for one in part["items"]]
    assert listed == made[::-1]
    assert control.get("/releases", name="other")["items"] == []


@pytest.mark.parametrize("by", ["ann", "vic", "olga"])
def test_who_may_not_create_releases_is_refused_and_that_is_kept(control: Control, by: str):
    assert control.refused("POST", "/releases", wish(), by=by) == "ST-IDN-004"
    assert control.count("release") == 0
    assert "AccessRefused" in control.kinds(control.get("/me", by=by)["user"]["id"])
