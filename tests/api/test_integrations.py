"""Integrations and secrets by the API: by reference, tested, guarded, and never shown."""

import gc
import json
import threading
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.registries import Answer, played_registry, served_tls
from fixtures.control import V1, Control
from stella.trust import create_authority, new_signer

CANARY = "canary-7f3a9c-do-not-show"
CONTENT = b'{"schemaVersion":2}'


def document(name: str, endpoint: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": name,
        "spec": {"kind": "registry", "connector": "oci", "endpoint": endpoint, **spec},
    }


PASSWORD = {"username": "secret://user", "password": "secret://password"}


@pytest.fixture
def registry() -> Iterator[tuple[str, list[str]]]:
    """A registry that wants the canary as its password; its host, and what it was shown."""
    import base64

    shown: list[str] = []
    wanted = f"Basic {base64.b64encode(f'ana:{CANARY}'.encode()).decode()}"

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        shown.append(headers.get("authorization", ""))
        if headers.get("authorization") != wanted:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=b'{"tags": []}', headers={"content-type": "application/json"})

    with played_registry(play) as host:
        yield host, shown


@pytest.fixture
def known(control: Control, registry: tuple[str, list[str]]) -> str:
    """A registry's integration, ``main``, with its password in the built-in store; the host."""
    control.ask("PUT", "/secrets/user", {"value": "ana"}, by="olga")
    stored = control.ask("PUT", "/secrets/password", {"value": CANARY}, by="olga")
    assert stored.json() == {"name": "password", "version": 1}
    applied = control.apply(document("main", registry[0], credentials=PASSWORD))
    assert applied.json()["changes"][0]["change"] == "created", applied.text
    return registry[0]


def test_one_is_tested_with_its_credentials_and_that_is_kept(control: Control, known: str):
    tested = control.post("/integrations/main/test", by="olga")
    assert (tested["outcome"], tested["detail"]) == (
        "pass",
        "it answers, and takes our credentials",
    )
    control.ask("PUT", "/secrets/password", {"value": "another"}, by="olga")
    refused = control.post("/integrations/main/test", by="olga")
    assert refused["outcome"] == "blocked"
    assert "do not suffice" in refused["detail"]
    shown = control.get("/integrations/main")
    assert shown["health"] == refused
    history = control.get("/integrations/main/health")["items"]
    assert [one["outcome"] for one in history] == ["blocked", "pass"]
    assert control.kinds("main") == ["IntegrationApplied", "IntegrationTested", "IntegrationTested"]


def test_no_secret_is_in_an_answer_a_record_or_a_file_of_the_server(
    control: Control, known: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    control.post("/integrations/main/test", by="olga")
    control.ask("PUT", "/secrets/password", {"value": CANARY, "extra": 1}, by="olga")
    control.ask("PUT", "/secrets/Not A Name", {"value": CANARY}, by="olga")
    control.ask("PUT", "/secrets/two", {"value": [CANARY]}, by="olga")
    control.apply(document("other", "b.example", credentials={"password": CANARY}))
    control.apply(document("other", "b.example", credentials={"password": [CANARY]}))
    said = [
        control.ask(method, path, body, by="olga").text
        for method, path, body in (
            ("PUT", "/secrets/password", {"value": CANARY, "extra": 1}),
            ("PUT", "/secrets/Not A Name", {"value": CANARY}),
            ("PUT", "/secrets/two", {"value": [CANARY]}),
            (
                "POST",
                "/apply",
                {"documents": [document("x", "b", credentials={"password": CANARY})]},
            ),
            ("GET", "/integrations", None),
            ("GET", "/integrations/main/health", None),
            ("GET", "/secrets", None),
            ("GET", "/plugins", None),
            ("GET", "/facts?limit=500", None),
        )
    ]
    assert CANARY not in "".join(said)
    assert CANARY not in caplog.text
    control.seal()
    files = [one for one in tmp_path.rglob("*") if one.is_file()]
    holding = [one for one in files if CANARY.encode() in one.read_bytes()]
    assert holding == []
    assert any(one.suffix in {".db", ".db-wal"} for one in files) or control.database.url


def test_what_cannot_be_is_refused_with_every_reason(control: Control):
    refused = control.apply(
        document(
            "bad",
            "https://no-host",
            config={"plain_http": "yes", "odd": 1},
            credentials={"password": "secret://gone", "token": "env://A", "username": "hunter2"},
            roles=["king"],
            hosts=["http://x"],
            networks=["10.0.0.1/8"],
            timeoutS=0,
            rotateBy="tomorrow",
        )
    )
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "ST-HUB-002")
    reasons = "\n".join(problem["facts"]["reasons"])
    for told in (
        "roles names",
        "hosts names",
        "networks names",
        "timeoutS is 0",
        "rotateBy is no day",
    ):
        assert told in reasons
    for told in ("its endpoint is no host", "config.plain_http", "no credential 'token'"):
        assert told in reasons
    assert "a secret stands where a reference" in reasons
    assert "hunter2" not in refused.text
    assert control.get("/integrations")["items"] == []


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"credentials": {"password": "secret://gone"}}, "there is no secret 'gone'"),
        ({"credentials": {"password": "vault://gone/kv/a"}}, "names no integration of a vault"),
        ({"endpoit": "x"}, "did you mean 'endpoint'"),
        ({"connector": "docker-hub"}, "no plugin brings the registry connector 'docker-hub'"),
        ({"kind": "teleporter"}, "there is no kind 'teleporter'"),
        ({"ca": "no certificate"}, "ca is no certificate"),
        ({"proxy": "socks5://x"}, "proxy is no http:// URL"),
        ({"timeoutS": "soon"}, "Expected `int`"),
        ({"config": {"plain_http": 1.5}}, "config.plain_http"),
    ],
)
def test_a_fault_is_named(control: Control, spec: dict[str, Any], told: str):
    refused = control.apply(document("one", "a.example", **spec))
    assert refused.json()["code"] == "ST-HUB-002"
    assert told in refused.json()["title"]


@pytest.mark.parametrize(
    ("kind", "connector", "endpoint", "config"),
    [
        ("directory", "ldap", "ldaps://ldap.example", {"user_base": "dc=example"}),
        ("scm", "git", "ssh://git.example", {"host_keys": ["git.example ssh-ed25519 AAAA"]}),
        ("router", "haproxy", "tcp://haproxy.example:9999", {}),
        (
            "notifier",
            "smtp",
            "smtps://mail.example",
            {"from": "a@b.example", "to": ["c@d.example"]},
        ),
        ("object_store", "directory", "file:///srv/stella-objects/one", {}),
    ],
)
def test_a_proxy_that_would_be_gone_past_is_refused(
    control: Control, kind: str, connector: str, endpoint: str, config: dict[str, Any]
):
    given = {"kind": kind, "connector": connector, "config": config}
    refused = control.apply(document("one", endpoint, proxy="http://p.example:3128", **given))
    scheme = endpoint.partition(":")[0]
    told = (
        f"proxy: {scheme}:// is not spoken through an HTTP proxy, and {connector} would go past it"
    )
    assert told in refused.json()["title"]


def test_a_host_has_one_integration_and_a_name_is_changed_in_place(control: Control):
    assert control.apply(document("one", "a.example")).is_success
    again = control.apply(document("two", "a.example"))
    assert "is the one for the registry a.example" in again.json()["title"]
    changed = control.apply(document("one", "b.example", timeoutS=5)).json()["changes"][0]
    assert changed["change"] == "updated"
    assert {one["path"] for one in changed["diff"]} == {"spec.endpoint", "spec.timeoutS"}
    assert control.get("/integrations/one")["revision"] == 2


def test_what_something_names_is_not_ended(control: Control, known: str):
    assert control.refused("DELETE", "/secrets/password", by="olga") == "ST-HUB-009"
    (user, password) = sorted(
        control.get("/secrets", by="olga")["items"], key=lambda one: one["name"]
    )[::-1]
    assert (user["usedBy"], password["usedBy"]) == (["main"], ["main"])
    assert control.ask("DELETE", "/integrations/main", by="olga").status_code == 204
    assert control.refused("GET", "/integrations/main") == "ST-HUB-001"
    assert control.ask("DELETE", "/secrets/password", by="olga").status_code == 204
    assert control.refused("DELETE", "/secrets/password", by="olga") == "ST-HUB-007"
    assert control.kinds("password") == ["SecretStored", "SecretUseAllowed", "SecretDeleted"]


def test_every_secret_comes_under_a_new_key_while_the_server_runs(control: Control, known: str):
    before = {one["keyId"] for one in control.get("/secrets", by="olga")["items"]}
    rotated = control.post("/secrets/rotate-key", by="olga")
    assert rotated["secrets"] == 2
    after = {one["keyId"] for one in control.get("/secrets", by="olga")["items"]}
    assert after == {rotated["keyId"]} != before
    assert control.post("/integrations/main/test", by="olga")["outcome"] == "pass"
    for _ in range(3):
        control.post("/secrets/rotate-key", by="olga")
    keys = sorted((control.services.data / "keys" / "secrets").iterdir())
    assert len(keys) == 2, "the active one, and the one before it"
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)
    assert control.post("/integrations/main/test", by="olga")["outcome"] == "pass"


def test_every_secret_is_brought_under_the_active_key_of_the_first_keeper(
    control: Control, known: str
):
    held = {one["keyId"] for one in control.get("/secrets", by="olga")["items"]}
    moved = control.post("/secrets/rewrap", by="olga")
    assert ({moved["keyId"]}, moved["secrets"]) == (held, 2)
    assert control.post("/integrations/main/test", by="olga")["outcome"] == "pass"
    assert control.refused("POST", "/secrets/rewrap", by="dan") == "ST-IDN-004"
    assert "SecretKeyRotated" in control.kinds(moved["keyId"])


def test_a_registry_is_used_by_its_integration_and_by_whom_it_is_for(control: Control):
    asked: list[str] = []

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        asked.append(path)
        return Answer(
            body=CONTENT, headers={"content-type": "application/vnd.oci.image.manifest.v1+json"}
        )

    with played_registry(play) as host:
        control.apply(document("main", host, roles=["operator"]))
        registry = control.services.outside.registry(host, None)
        assert registry.manifest("shop/web", "1").content == CONTENT
        assert control.services.outside.registry(host, None) is registry
        release = {"name": "x", "version": "1", "components": {"web": f"{host}/shop/web:1"}}
        assert control.refused("POST", "/releases", release, by="dan") == "ST-HUB-004"
        control.apply(document("main", host, enabled=False))
        assert control.refused("POST", "/releases", release, by="dan") == "ST-HUB-004"
    control.services.outside.flush_uses()
    assert control.get("/integrations/main")["usedAt"] is not None
    assert asked == ["/v2/shop/web/manifests/1"]


def test_an_image_in_a_private_network_that_nobody_named_is_not_looked_at(control: Control):
    with played_registry(lambda *_: Answer(body=CONTENT)) as host:
        release = {"name": "x", "version": "1", "components": {"web": f"{host}/shop/web:1"}}
        refused = control.ask("POST", "/releases", release, by="dan")
    assert refused.json()["code"] == "ST-HUB-011"
    assert "networks" in refused.json()["remedy"]["advice"]


def test_who_may_not_is_refused(control: Control, known: str):
    assert control.refused("PUT", "/secrets/mine", {"value": "x"}, by="dan") == "ST-IDN-004"
    assert control.refused("GET", "/secrets", by="dan") == "ST-IDN-004"
    assert control.refused("POST", "/integrations/main/test", by="dan") == "ST-IDN-004"
    assert control.refused("DELETE", "/integrations/main", by="ann") == "ST-IDN-004"
    body = {"documents": [document("mine", "c.example")]}
    assert control.refused("POST", "/apply", body, by="dan") == "ST-IDN-004"
    assert control.get("/integrations", by="vic")["items"][0]["name"] == "main"


def test_plugins_tell_what_they_bring(control: Control):
    listed = {one["name"]: one for one in control.get("/plugins")["items"]}
    assert {"docker", "compose", "registry"} <= listed.keys()
    (oci,) = listed["registry"]["contributes"]
    assert (oci["kind"], oci["name"]) == ("registry", "oci")
    assert [one["name"] for one in oci["credentials"]] == [
        "username",
        "password",
        "pull_username",
        "pull_password",
    ]
    assert json.dumps(oci["configSchema"])


def test_a_registry_behind_a_proxy_with_an_own_authority(control: Control, tmp_path: Path):
    authority = create_authority(tmp_path, new_signer(), datetime.now(UTC))
    context = served_tls(authority, "registry.example.com", tmp_path)
    with played_registry(lambda *_: Answer(body=b'{"tags": []}'), tls=context) as proxy:
        given = {"proxy": f"http://{proxy}"}
        control.apply(document("main", "registry.example.com", **given))
        refused = control.post("/integrations/main/test", by="olga")
        assert (refused["outcome"], "certificate" in refused["detail"].lower()) == ("blocked", True)
        trusted = {**given, "ca": authority.certificate.decode()}
        control.apply(document("main", "registry.example.com", **trusted))
        assert control.post("/integrations/main/test", by="olga")["outcome"] == "pass"


def test_two_who_rotate_at_the_same_moment_lose_no_secret(control: Control, known: str):
    def rotate() -> None:
        for _ in range(5):
            headers = {"Authorization": f"Bearer {control.tokens['olga']}"}
            control.client.request("POST", f"{V1}/secrets/rotate-key", headers=headers)

    both = [threading.Thread(target=rotate) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert control.post("/integrations/main/test", by="olga")["outcome"] == "pass"
    assert len(list((control.services.data / "keys" / "secrets").iterdir())) == 2


def test_hosts_that_anybody_names_are_not_kept_open_without_end(control: Control):
    registry = control.services.outside.registry
    first = weakref.ref(registry("0.example.com", None))
    assert registry("0.example.com", None) is first()
    for number in range(1, 150):
        registry(f"{number}.example.com", None)
    gc.collect()
    assert first() is None


def test_an_image_of_a_registry_that_is_not_for_them_is_not_scanned_for_them(control: Control):
    control.apply(document("main", "registry.example.com", roles=["operator"]))
    control.apply(document("ours", "ours.example.com", roles=["developer"]))
    scan = {"reference": "registry.example.com/shop/web:1"}
    assert control.refused("POST", "/scans", scan, by="dan") == "ST-HUB-004"
    ours = {"reference": "ours.example.com/shop/web:1"}
    assert control.ask("POST", "/scans", ours, by="dan").status_code == 202
    shouted = {"reference": "Registry.Example.COM/shop/web:1"}
    assert control.refused("POST", "/scans", shouted, by="dan") == "ST-HUB-004"


@pytest.mark.parametrize("endpoint", ["[1:2]:5000", "[:::]", "a.example:99999", "a.example:0"])
def test_an_endpoint_that_is_no_place_is_refused(control: Control, endpoint: str):
    refused = control.apply(document("one", endpoint))
    assert refused.json()["code"] == "ST-HUB-002"
