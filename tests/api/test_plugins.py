"""Plugins by the API: installed, granted, used, upgraded, taken back, and removed, without a restart."""

import base64
import json
import shutil
import socket
import threading
from typing import Any

import pytest

from api.test_integrations import document
from connectors.registries import Answer, played_registry
from fixtures.control import Control
from plugin.packages import SCHEMA, manifest_of, wheel_of
from stella.plugin.contract.connection import Connection

CHEST = {
    "kind": "secret_store",
    "name": "chest",
    "title": "Chest",
    "configSchema": SCHEMA,
    "credentials": [],
}
CODE = """
from stella.sdk import Secret

class Chest:
    def __init__(self, connection):
        self.connection = connection

    def read(self, path, key):
        return Secret(f"{VERSION} {path} {key}", VERSION)

    def revoke(self, lease):
        pass

    def check(self):
        return f"a chest of version {VERSION}"

PLUGIN = Plugin(secret_stores={"chest": Chest})
"""
NETWORK = [{"capability": "network"}]


def body(version: str = "1.0.0", **changes: Any) -> dict[str, str]:
    given = {"needs": NETWORK, "contributes": [CHEST], "version": version, **changes}
    wheel = wheel_of("chests", f"VERSION = {version!r}\n{CODE}", **given)
    return {"wheel": base64.b64encode(wheel).decode()}


INTEGRATION = {
    "apiVersion": "stella/v1",
    "kind": "Integration",
    "name": "box",
    "spec": {
        "kind": "secret_store",
        "connector": "chest",
        "endpoint": "https://chest.example",
        "config": {},
    },
}


WELL = "it answers, and takes our credentials"


def health(control: Control) -> str:
    return str(control.post("/integrations/box/test", by="olga")["detail"])


def running(control: Control) -> str:
    """The version of the code that answers now."""
    assert health(control) == WELL
    store = control.services.plugins.secret_store("chest")(Connection("", nowhere))
    return store.read("a", None).version


def nowhere(host: str, port: int, timeout: float) -> socket.socket:
    raise AssertionError(f"{host}:{port} was not to be reached")


@pytest.fixture
def closing(control: Control):
    yield
    control.services.plugging.close()


@pytest.mark.usefixtures("closing")
def test_one_of_a_stranger_from_its_wheel_to_its_end(control: Control):
    installed = control.post("/plugins", body(), by="root")
    assert (installed["state"], installed["runs"], installed["versions"]) == (
        "off",
        "apart",
        ["1.0.0"],
    )
    refused = control.ask("POST", "/plugins/chests/enable", {}, by="root").json()
    assert (refused["code"], refused["facts"]["reasons"]) == (
        "ST-PLG-004",
        ["needs network, which is not granted"],
    )
    assert "no plugin brings the secret_store" in control.apply(INTEGRATION).json()["title"]
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    enabled = control.post("/plugins/chests/enable", {}, by="root")
    assert (enabled["state"], enabled["version"]) == ("loaded", "1.0.0")

    assert control.apply(INTEGRATION).is_success
    assert running(control) == "1.0.0"

    control.post("/plugins", body("2.0.0"), by="root")
    assert running(control) == "1.0.0", "what is installed is not used by that"
    assert control.post("/plugins/chests/enable", {}, by="root")["version"] == "2.0.0"
    assert running(control) == "2.0.0"
    control.post("/plugins/chests/enable", {"version": "1.0.0"}, by="root")
    assert running(control) == "1.0.0"

    assert control.refused("POST", "/plugins/chests/disable", by="root") == "ST-PLG-008"
    control.ask("DELETE", "/integrations/box", by="olga")
    assert control.post("/plugins/chests/disable", by="root")["state"] == "off"
    assert "no plugin brings the secret_store" in control.apply(INTEGRATION).json()["title"]
    for version in ("1.0.0", "2.0.0"):
        path = f"/plugins/chests/versions/{version}"
        assert control.ask("DELETE", path, by="root").status_code == 204
    assert control.refused("GET", "/plugins/chests") == "ST-PLG-007"
    assert not list((control.services.data / "plugins" / "chests").iterdir())
    assert control.kinds("chests") == [
        "PluginInstalled",
        "PluginGranted",
        "PluginEnabled",
        "PluginInstalled",
        "PluginEnabled",
        "PluginEnabled",
        "PluginDisabled",
        "PluginRemoved",
        "PluginRemoved",
    ]


@pytest.mark.usefixtures("closing")
def test_another_publishers_version_takes_over_no_grant(control: Control):
    control.post("/plugins", body(), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    theirs = body("1.1.0", publisher="somebody else entirely")
    refused = control.ask("POST", "/plugins", theirs, by="root").json()
    assert refused["code"] == "ST-PLG-006"
    assert (
        "published by 'somebody else entirely', and chests 1.0.0, which is here, by"
        in (refused["title"])
    )
    assert control.get("/plugins/chests")["versions"] == ["1.0.0"]

    control.post("/plugins/chests/disable", by="root")
    control.ask("DELETE", "/plugins/chests/versions/1.0.0", by="root")
    assert control.post("/plugins", theirs, by="root")["publisher"] == "somebody else entirely"
    again = control.ask("POST", "/plugins/chests/enable", {}, by="root").json()
    assert again["facts"]["reasons"] == ["needs network, which is not granted"]


@pytest.mark.usefixtures("closing")
def test_a_strangers_secret_store_gives_a_registry_its_password(control: Control):
    wanted = f"Basic {base64.b64encode(b'1.0.0 kv/user name:1.0.0 kv/pass word').decode()}"

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        if headers.get("authorization") != wanted:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=b'{"tags": []}')

    control.post("/plugins", body(), by="root")
    control.post("/plugins/chests/grant", {"granted": [{"capability": "network"}]}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    with played_registry(play) as host:
        registry = {
            **INTEGRATION,
            "name": "registry",
            "spec": {
                "kind": "registry",
                "connector": "oci",
                "endpoint": host,
                "credentials": {
                    "username": "chest://box/kv/user#name",
                    "password": "chest://box/kv/pass#word",
                },
            },
        }
        assert control.apply(registry, INTEGRATION).is_success, "in whatever order they stand there"
        tested = control.post("/integrations/registry/test", by="olga")
    assert (tested["outcome"], tested["detail"]) == (
        "pass",
        "it answers, and takes our credentials",
    )


@pytest.mark.usefixtures("closing")
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import os; os._exit(3)", "ended"),
        ("raise SystemExit", ""),
        ("raise KeyboardInterrupt", ""),
        ("return 7", ""),
    ],
)
def test_one_that_breaks_costs_its_call_alone(control: Control, line: str, told: str):
    code = f"VERSION = '1.0.0'\n{CODE}".replace('return f"a chest of version {VERSION}"', line)
    wheel = wheel_of("chests", code, needs=NETWORK, contributes=[CHEST])
    control.post("/plugins", {"wheel": base64.b64encode(wheel).decode()}, by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    assert control.apply(INTEGRATION).is_success
    tested = control.post("/integrations/box/test", by="olga")
    assert tested["outcome"] == "blocked"
    assert "ST-PLG-005" in tested["detail"]
    assert told in tested["detail"]
    assert control.get("/version")["name"]
    assert threading.active_count() < 40


def test_what_is_no_plugin_is_refused_and_leaves_nothing(control: Control):
    for wheel in ("nonsense!", base64.b64encode(b"PK").decode()):
        assert control.refused("POST", "/plugins", {"wheel": wheel}, by="root") == "ST-PLG-006"
    bad = base64.b64encode(wheel_of("chests", title="")).decode()
    assert control.refused("POST", "/plugins", {"wheel": bad}, by="root") == "ST-PLG-003"
    docker = base64.b64encode(wheel_of("docker")).decode()
    assert control.refused("POST", "/plugins", {"wheel": docker}, by="root") == "ST-PLG-006"
    assert [one["name"] for one in control.get("/plugins")["items"] if one["runs"] == "apart"] == []


def test_one_beside_the_server_is_switched_off_and_on(control: Control):
    assert control.post("/plugins/compose/disable", by="root")["state"] == "off"
    assert "compose" not in control.services.plugins.loaded
    assert control.post("/plugins/compose/enable", {}, by="root")["state"] == "loaded"
    limited = control.post("/plugins/compose/grant", {"granted": []}, by="root")
    assert limited["state"] == "refused"
    assert limited["reasons"] == [
        "needs docker, which is not granted",
        "needs files, which is not granted",
        "needs run_command, which is not granted",
    ]
    assert control.post("/plugins/compose/grant", {"granted": None}, by="root")["state"] == "loaded"


def test_only_an_administrator_decides_about_plugins(control: Control):
    for path in ("/plugins", "/plugins/docker/enable", "/plugins/docker/disable"):
        assert control.refused("POST", path, {"wheel": ""}, by="olga") == "ST-IDN-004"
    assert control.get("/plugins/docker", by="vic")["state"] == "loaded"


CHECK = {"kind": "check", "name": "weather", "title": "Weather", "configSchema": SCHEMA}
WEATHER = """
from stella.sdk import Found, Outcome

class Weather:
    def __init__(self, connection):
        pass

    def examine(self):
        return (Found(Outcome.PASS, "it is dry"), Found(Outcome.BLOCKED, "it rains", "Wait."))

class Storm(Weather):
    def examine(self):
        raise ValueError("lightning")

PLUGIN = Plugin(checks={"weather": Weather})
"""


@pytest.mark.usefixtures("closing")
@pytest.mark.parametrize(
    ("code", "found"),
    [
        (WEATHER, [("pass", "it is dry", ""), ("blocked", "it rains", "Wait.")]),
        (WEATHER.replace('checks={"weather": Weather}', 'checks={"weather": Storm}'), None),
    ],
)
def test_a_strangers_check_is_the_doctors(control: Control, code: str, found: Any):
    wheel = base64.b64encode(wheel_of("weather", code, contributes=[CHECK])).decode()
    control.post("/plugins", {"wheel": wheel}, by="root")
    control.post("/plugins/weather/enable", {}, by="root")
    checks = control.get("/doctor", by="root")["checks"]
    mine = [
        (one["outcome"], one["detail"], one["fix"]) for one in checks if one["name"] == "weather"
    ]
    if found is not None:
        assert mine == found
        return
    ((outcome, detail, _),) = mine
    assert (outcome, "lightning" in detail) == ("unknown", True)


@pytest.mark.usefixtures("closing")
def test_what_runs_is_the_wheel_that_was_noted_whatever_a_kill_left(control: Control):
    """A server that was killed after it had unpacked another wheel of that version."""
    left = control.services.data / "plugins" / "chests" / "1.0.0"
    package = left / "plugin_chests"
    package.mkdir(parents=True)
    manifest = manifest_of("chests", needs=NETWORK, contributes=[CHEST])
    (package / "stella-plugin.json").write_text(json.dumps(manifest))
    (package / "__init__.py").write_text(
        f"from stella.sdk import Plugin\nVERSION = 'of the kill'\n{CODE}\n"
    )
    (left / "stella-entry-point").write_text("plugin_chests:PLUGIN")
    control.post("/plugins", body(), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    assert control.apply(INTEGRATION).is_success
    assert running(control) == "1.0.0"
    assert [one.name for one in left.parent.iterdir()] == ["1.0.0"]


def test_a_wheel_that_is_refused_leaves_no_file(control: Control):
    docker = base64.b64encode(wheel_of("docker")).decode()
    assert control.refused("POST", "/plugins", {"wheel": docker}, by="root") == "ST-PLG-006"
    assert not (control.services.data / "plugins" / "docker").exists()


def test_a_removal_that_is_asked_again_does_not_remove_what_came_after(control: Control):
    once = {"Idempotency-Key": "0b1f"}
    path = "/plugins/chests/versions/1.0.0"
    control.post("/plugins", body(), by="root")
    assert control.ask("DELETE", path, by="root", headers=once).status_code == 204
    control.post("/plugins", body(), by="root")
    assert control.ask("DELETE", path, by="root", headers=once).status_code == 204
    assert control.get("/plugins/chests")["title"] == "Something"


@pytest.mark.usefixtures("closing")
def test_a_version_whose_files_are_gone_is_used_again_once_it_is_installed_again(control: Control):
    control.post("/plugins", body(), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    shutil.rmtree(control.services.data / "plugins")
    control.post("/plugins/compose/disable", by="root")
    assert control.get("/plugins/chests")["reasons"] == ["version 1.0.0 is not on the disk"]
    assert control.post("/plugins", body(), by="root")["state"] == "loaded"


@pytest.mark.usefixtures("closing")
def test_what_reads_secrets_goes_on_after_an_upgrade(control: Control):
    control.post("/plugins", body(), by="root")
    control.post("/plugins", body("2.0.0"), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {"version": "1.0.0"}, by="root")
    shown: list[str] = []

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        if "authorization" not in headers:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        shown.append(base64.b64decode(headers["authorization"][6:]).decode())
        return Answer(body=b'{"tags": []}')

    with played_registry(play) as host:
        for version in ("1.0.0", "2.0.0"):
            control.post("/plugins/chests/enable", {"version": version}, by="root")
            credentials = {
                "username": f"chest://box/{version}",
                "password": f"chest://box/{version}",
            }
            registry = document("registry", host, credentials=credentials)
            assert control.apply(INTEGRATION, registry).is_success
            control.services.outside.registry(host, None).tags("shop/web")
    assert [one.partition(" ")[0] for one in shown] == ["1.0.0", "2.0.0"]


def test_to_grant_something_switches_nothing_off(control: Control):
    granted = control.post("/plugins/compose/grant", {"granted": None}, by="root")
    assert granted["state"] == "loaded"
    assert "compose" in control.services.plugins.loaded


def test_what_was_granted_to_one_is_not_its_successors(control: Control):
    control.post("/plugins", body(), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.ask("DELETE", "/plugins/chests/versions/1.0.0", by="root")
    other = control.post("/plugins", body("1.0.1", publisher="somebody else"), by="root")
    assert other["granted"] is None
    assert control.refused("POST", "/plugins/chests/enable", {}, by="root") == "ST-PLG-004"


@pytest.mark.usefixtures("closing")
def test_nobody_takes_over_what_another_one_brings(control: Control):
    control.post("/plugins", body(), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    thief = wheel_of("a-thief", f"VERSION = 'stolen'\n{CODE}", contributes=[CHEST])
    control.post("/plugins", {"wheel": base64.b64encode(thief).decode()}, by="root")
    refused = control.ask("POST", "/plugins/a-thief/enable", {}, by="root").json()
    assert (refused["code"], refused["facts"]["reasons"]) == (
        "ST-PLG-004",
        ["brings the secret_store connector chest, which chests has brought"],
    )
    assert control.get("/plugins/chests")["state"] == "loaded"


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "\ud800"},
        {"publisher": "a\0b"},
        {"title": "a title\nof two lines"},
        {"contributes": [{**CHEST, "title": "\udfff"}]},
        {"contributes": [{**CHEST, "configSchema": {**SCHEMA, "description": "\ud800"}}]},
        {"contributes": [{**CHEST, "credentials": [{"name": "\ud800", "title": "a"}]}]},
    ],
)
def test_text_that_nobody_can_be_shown_is_refused(control: Control, changes: dict[str, Any]):
    assert control.refused("POST", "/plugins", body(**changes), by="root") == "ST-PLG-003"
    assert control.get("/plugins")["items"]


@pytest.mark.usefixtures("closing")
def test_what_a_strangers_store_says_of_itself_is_told_to_nobody(control: Control):
    code = f"VERSION = '1.0.0'\n{CODE}".replace(
        'return f"a chest of version {VERSION}"', 'return "we are \\0\\x1b[2J in"'
    )
    wheel = wheel_of("chests", code, needs=NETWORK, contributes=[CHEST])
    control.post("/plugins", {"wheel": base64.b64encode(wheel).decode()}, by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    assert control.apply(INTEGRATION).is_success
    assert health(control) == WELL
    history = json.dumps(control.get("/integrations/box/health"))
    assert "we are" not in history
    assert "we are" not in json.dumps(control.get("/facts?limit=500"))


@pytest.mark.usefixtures("closing")
def test_what_a_strangers_check_finds_is_shown_as_text(control: Control):
    code = WEATHER.replace("it is dry", "it is \\x1b[2J").replace("Wait.", "\\0")
    wheel = base64.b64encode(wheel_of("weather", code, contributes=[CHECK])).decode()
    control.post("/plugins", {"wheel": wheel}, by="root")
    control.post("/plugins/weather/enable", {}, by="root")
    checks = control.get("/doctor", by="root")["checks"]
    assert [one["detail"] for one in checks if one["name"] == "weather"] == [
        "it is \ufffd[2J",
        "it rains",
    ]


@pytest.mark.usefixtures("closing")
def test_one_reaches_no_host_that_it_was_not_granted(control: Control):
    code = f"VERSION = '1.0.0'\n{CODE}".replace(
        'return f"a chest of version {VERSION}"',
        """place = self.connection.endpoint.rpartition("/")[2].split(":")
        self.connection.connect(place[0], int(place[1]), 5).close()
        return "reached\"""",
    )
    wheel = wheel_of("chests", code, needs=NETWORK, contributes=[CHEST])
    control.post("/plugins", {"wheel": base64.b64encode(wheel).decode()}, by="root")
    for hosts, outcome in (([], "pass"), (["a.example"], "blocked"), (["127.0.0.1"], "pass")):
        granted = {"granted": [{"capability": "network", "hosts": hosts}]}
        control.post("/plugins/chests/grant", granted, by="root")
        control.post("/plugins/chests/enable", {}, by="root")
        with played_registry(lambda *_: Answer()) as host:
            spec = {**INTEGRATION["spec"], "endpoint": f"http://{host}"}
            assert control.apply({**INTEGRATION, "spec": spec}).is_success
            assert control.post("/integrations/box/test", by="olga")["outcome"] == outcome, hosts


def test_a_capability_is_granted_once_or_one_of_them_would_be_lost(control: Control):
    control.post("/plugins", body(), by="root")
    granted = [{"capability": "network", "hosts": [host]} for host in ("a.example", "b.example")]
    answer = control.ask("POST", "/plugins/chests/grant", {"granted": granted}, by="root")
    assert answer.json()["code"] == "ST-API-001"
    assert control.get("/plugins/chests")["granted"] is None


@pytest.mark.usefixtures("closing")
def test_a_version_that_was_removed_is_no_longer_the_chosen_one(control: Control):
    control.post("/plugins", body(), by="root")
    control.post("/plugins", body("2.0.0"), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {"version": "1.0.0"}, by="root")
    control.post("/plugins/chests/disable", by="root")
    control.ask("DELETE", "/plugins/chests/versions/1.0.0", by="root")
    shown = control.get("/plugins/chests")
    assert (shown["version"], shown["title"], shown["state"]) == (None, "Something", "off")
    assert shown["granted"] == [{"capability": "network", "hosts": []}]
