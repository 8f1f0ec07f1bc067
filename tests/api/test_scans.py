"""Scans, findings, and what a registry's notifications may bring."""

from typing import Any

import pytest

from fixtures.control import Control
from fixtures.road import FIXED, OLD
from stella.sbom import parse_cyclonedx
from stella.sbom.format import read_inventory

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
HOOK = "/api/v1/hooks/registry"
DIGEST = "sha256:" + "b" * 64


def event(**changes: Any) -> dict[str, Any]:
    target = {"mediaType": MANIFEST, "digest": DIGEST, "repository": "shop/web", "tag": "1"}
    whole = {"action": "push", "request": {"host": "registry.test"}, "target": target}
    for key, value in changes.items():
        place = whole if key in whole else target
        place[key] = value
    return whole


def told(control: Control, *events: Any, token: str | None = None) -> Any:
    """What the hook answers; what follows is let happen."""
    text = control.services.keys.hook_token if token is None else token
    answer = control.client.post(
        HOOK, json={"events": list(events)}, headers={"Authorization": f"Bearer {text}"}
    )
    control.settle()
    return answer


def test_a_push_is_scanned_and_its_findings_are_listed_the_worst_first(control: Control):
    control.push("web", "1", OLD)
    pushed = control.registry.manifests["shop/web", "1"].digest.text
    assert told(control, event(digest=pushed)).json() == {"scans": 1}
    (scan,) = control.get("/scans")["items"]
    assert (scan["state"], scan["image"]) == ("done", pushed)
    assert scan["reference"] == f"registry.test/shop/web@{pushed}"
    assert control.get(f"/scans/{scan['id']}") == scan
    findings = control.get(f"/scans/{scan['id']}/findings", limit=500)["items"]
    assert len(findings) == sum(scan["counts"].values())
    assert findings[0]["why"]["paths"]
    kev = [one["kev"] for one in findings]
    assert kev == sorted(kev, reverse=True)
    answer = control.ask("GET", f"/scans/{scan['id']}/sbom")
    assert len(parse_cyclonedx(answer.content).components) == scan["components"]
    path = f"/scans/{scan['id']}"
    for format_ in ("cyclonedx-json", "cyclonedx-xml", "spdx-json"):
        written = control.ask("GET", f"{path}/sbom?format={format_}").content
        assert len(read_inventory(written).components) == scan["components"]
    assert control.ask("GET", f"{path}/sbom?format=sarif").status_code == 422
    (run,) = control.ask("GET", f"{path}/findings/sarif").json()["runs"]
    assert len(run["results"]) == len(findings)
    assert control.registry.attached
    assert control.get("/scans", image=pushed)["items"] == [scan]
    assert control.get("/scans", image=DIGEST)["items"] == []


def test_what_the_image_is_beside_its_packages_is_told(control: Control):
    control.push("web", "1", OLD)
    control.post("/scans", {"reference": "registry.test/shop/web:1"})
    (scan,) = control.get("/scans")["items"]
    image = control.get(f"/scans/{scan['id']}/image")
    assert image["scan"] == scan["id"]
    assert image["traits"]["user"] == {"name": "", "uid": 0, "root": "yes", "reason": ""}
    assert image["traits"]["layers"]
    assert image["lifetime"]["distro"] == image["traits"]["distro"] == "debian-12"
    assert image["lifetime"]["until"] == "2028-06-30"
    assert image["lifetime"]["over"] in {"yes", "no"}
    assert control.refused("GET", "/scans/scn_absent/image") == "ST-FIN-003"


def test_findings_are_filtered_and_come_in_pages(control: Control):
    control.push("web", "1", OLD)
    control.post("/scans", {"reference": "registry.test/shop/web:1"})
    (scan,) = control.get("/scans")["items"]
    path = f"/scans/{scan['id']}/findings"
    everything = control.get(path, limit=500)["items"]
    part, paged = control.get(path, limit=3), []
    while part["next"]:
        paged += part["items"]
        part = control.get(path, limit=3, cursor=part["next"])
    assert [*paged, *part["items"]] == everything
    high = control.get(path, severity="high,critical", limit=500)["items"]
    assert {one["severity"] for one in high} <= {"high", "critical"}
    some = control.get(path, q="JINJA", limit=500)["items"]
    assert some
    assert {one["component"] for one in some} == {"jinja2"}
    assert control.get(path, kev=False, limit=500)["items"] == [
        one for one in everything if not one["kev"]
    ]
    assert control.refused("GET", f"{path}?cursor=!!!") == "ST-API-007"
    assert control.refused("GET", f"{path}?cursor=LTE") == "ST-API-007"
    assert control.refused("GET", f"{path}?severity=dire") == "ST-API-001"


@pytest.mark.parametrize(
    "token", ["", "wrong", "st_" + "x" * 43, "\u00e9", "Bearer", None], ids=repr
)
def test_a_hook_with_another_token_is_refused_and_nothing_is_scanned(
    standing: Control, token: str | None
):
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}
    answer = standing.client.post(HOOK, json={"events": [event()]}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "ST-IDN-003")
    assert standing.count("scan") == 0


def test_a_users_token_is_none_of_a_registry(standing: Control):
    assert told(standing, event(), token=standing.tokens["root"]).status_code == 401


STRANGE = (
    {"action": "pull"},
    {"action": "delete"},
    {"action": None},
    {"tag": ""},
    {"tag": None},
    {"tag": 7},
    {"tag": ["1"]},
    {"tag": "sha256-" + "b" * 64},
    {"tag": "sha256-" + "b" * 64 + ".sig"},
    {"tag": "a b"},
    {"tag": "x" * 200},
    {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"},
    {"mediaType": ["x"]},
    {"mediaType": {}},
    {"digest": "sha256:abc"},
    {"digest": "sha512:" + "a" * 128},
    {"digest": None},
    {"digest": 5},
    {"repository": "../../etc"},
    {"repository": "SHOP"},
    {"repository": ""},
    {"repository": None},
    {"repository": "a\u0000b"},
    {"repository": "a" * 300},
    {"request": None},
    {"request": {}},
    {"request": {"host": "no host"}},
    {"request": {"host": "registry.test/x"}},
    {"request": {"host": ""}},
    {"request": "registry.test"},
    {"target": None},
    {"target": []},
)


def test_a_strange_event_is_passed_over_and_the_others_are_heard(control: Control):
    control.push("web", "1", FIXED)
    pushed = control.registry.manifests["shop/web", "1"].digest.text
    for strange in STRANGE:
        assert told(control, event(**strange)).json() == {"scans": 0}, strange
    events = [event(**strange) for strange in STRANGE]
    answer = told(control, *events, event(digest=pushed), *events)
    assert (answer.status_code, answer.json()) == (202, {"scans": 1})
    assert [one["image"] for one in control.get("/scans")["items"]] == [pushed]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"events"',
        b"\xff\xfe",
        b'{"events": "x"}',
        b'{"events": null}',
        b'{"events": {}}',
        b'{"events": [1, null, "x", [], {}]}',
        b'{"other": 1}',
        b"[" * 100_000,
        b'{"events": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"events": [{"action": "\\ud800"}]}',
    ],
)
def test_a_malformed_envelope_scans_nothing(standing: Control, content: bytes):
    token = standing.services.keys.hook_token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = standing.client.post(HOOK, content=content, headers=headers)
    assert answer.status_code in {202, 400, 422}
    assert standing.count("scan") == 0


def test_a_huge_envelope_is_refused_unread(standing: Control):
    headers = {"Authorization": f"Bearer {standing.services.keys.hook_token}"}
    size = standing.services.limits.request_bytes_max
    answer = standing.client.post(HOOK, content=b" " * (size + 1), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "ST-API-006")


def test_the_same_push_told_often_is_one_scan_at_a_time(control: Control):
    control.push("web", "1", FIXED)
    pushed = control.registry.manifests["shop/web", "1"].digest.text
    told(control, *[event(digest=pushed)] * 5)
    assert control.count("scan") == 1
    told(control, event(digest=pushed))
    assert control.count("scan") == 1


def test_an_image_that_cannot_be_scanned_says_why(control: Control):
    told(control, event())
    (scan,) = control.get("/scans")["items"]
    assert scan["state"] == "failed"
    assert scan["error"]["code"] == "ST-REG-002"
    assert control.get(f"/scans/{scan['id']}/findings")["items"] == []
    assert control.refused("GET", f"/scans/{scan['id']}/sbom") == "ST-FIN-003"
    assert control.refused("GET", f"/scans/{scan['id']}/findings/sarif") == "ST-FIN-003"


@pytest.mark.parametrize(
    "reference", ["", "x", "shop/web:1", "a b", "host.test/\u0000", "h.test/" + "x" * 2000]
)
def test_what_is_no_reference_is_not_scanned(standing: Control, reference: str):
    answer = standing.ask("POST", "/scans", {"reference": reference})
    assert answer.status_code == 422
    assert standing.count("scan") == 0


def test_scans_are_unknown_or_not_allowed(standing: Control):
    for path in (
        "/scans/scn_1",
        "/scans/scn_1/findings",
        "/scans/scn_1/sbom",
        "/scans/scn_1/findings/sarif",
        "/scans/%00",
    ):
        assert standing.ask("GET", path).status_code in {404, 422}
    for by in ("vic", "ann", "olga"):
        body = {"reference": "registry.test/shop/web:1"}
        assert standing.refused("POST", "/scans", body, by=by) == "ST-IDN-004"
