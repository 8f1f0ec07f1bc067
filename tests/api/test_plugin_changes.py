"""Plugins that change under a server: their files, what they bring, what they are granted."""

import base64
import shutil
from typing import Any

import pytest

from api.test_plugins import CHEST, INTEGRATION, WEATHER, body, closing, health, running
from fixtures.control import Control
from plugin.packages import SCHEMA, wheel_of

__all__ = ["closing"]


@pytest.mark.usefixtures("closing")
def test_one_whose_files_are_gone_is_disabled_and_removed(control: Control):
    control.post("/plugins", body(), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    assert control.apply(INTEGRATION).is_success
    shutil.rmtree(control.services.data / "plugins" / "chests")
    control.services.plugging.look()
    refused = control.ask("POST", "/plugins/chests/disable", by="root").json()
    assert (refused["code"], refused["facts"]["used_by"]) == ("ST-PLG-008", ["integration box"])
    control.ask("DELETE", "/integrations/box", by="olga")
    assert control.post("/plugins/chests/disable", by="root")["state"] == "off"
    path = "/plugins/chests/versions/1.0.0"
    assert control.ask("DELETE", path, by="root").status_code == 204
    assert control.refused("GET", "/plugins/chests") == "ST-PLG-007"


@pytest.mark.usefixtures("closing")
@pytest.mark.parametrize("change", ["changed", "added", "linked"])
def test_files_that_were_changed_do_not_run_and_the_doctor_names_them(
    control: Control, change: str
):
    control.post("/plugins", body(), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    assert control.apply(INTEGRATION).is_success
    folder = control.services.data / "plugins" / "chests" / "1.0.0"
    if change == "changed":
        with (folder / "plugin_chests" / "__init__.py").open("a") as file:
            file.write("VERSION = 'of somebody else'\n")
    elif change == "added":
        (folder / "json.py").write_text("")
    else:
        (folder / "json").symlink_to(control.services.data)
    assert "not those that were installed" in health(control)
    found = {one["id"]: one for one in control.get("/doctor", by="root")["checks"]}
    assert found["plugins.files"]["outcome"] == "blocked"
    assert found["plugins.files"]["fix"] == "stella plugin install WHEEL"
    control.post("/plugins", body(), by="root")
    assert running(control) == "1.0.0"
    found = {one["id"]: one for one in control.get("/doctor", by="root")["checks"]}
    assert found["plugins.files"]["outcome"] == "pass"


@pytest.mark.usefixtures("closing")
def test_an_upgrade_that_drops_what_is_used_is_refused_unless_it_is_forced(control: Control):
    control.post("/plugins", body(), by="root")
    control.post("/plugins/chests/grant", {"granted": None}, by="root")
    control.post("/plugins/chests/enable", {}, by="root")
    assert control.apply(INTEGRATION).is_success
    control.post("/plugins", body("2.0.0", contributes=[{**CHEST, "name": "trunk"}]), by="root")
    refused = control.ask("POST", "/plugins/chests/enable", {"version": "2.0.0"}, by="root").json()
    assert (refused["code"], refused["facts"]["used_by"]) == ("ST-PLG-008", ["integration box"])
    assert control.get("/plugins/chests")["version"] == "1.0.0"
    forced = {"version": "2.0.0", "force": True}
    assert control.post("/plugins/chests/enable", forced, by="root")["version"] == "2.0.0"


@pytest.mark.usefixtures("closing")
def test_what_is_granted_is_said_host_by_host(control: Control):
    needs = [{"capability": "network", "hosts": ["a.example", "b.example"]}]
    control.post("/plugins", body(needs=needs), by="root")
    network: dict[str, Any] = {"capability": "network", "hosts": []}
    granted = control.post("/plugins/chests/grant", {"granted": [network]}, by="root")
    assert granted["granted"] == [{"capability": "network", "hosts": ["a.example", "b.example"]}]
    narrow = {"granted": [{**network, "hosts": ["c.example"]}]}
    refused = control.ask("POST", "/plugins/chests/grant", narrow, by="root").json()
    assert (refused["code"], refused["facts"]["reasons"]) == (
        "ST-PLG-004",
        [
            "needs network to a.example, which is not granted",
            "needs network to b.example, which is not granted",
        ],
    )
    assert control.get("/plugins/chests")["granted"] == granted["granted"]


@pytest.mark.usefixtures("closing")
def test_a_strangers_check_does_not_pass_for_one_of_ours(control: Control):
    check = {"kind": "check", "name": "disk", "title": "Disk", "configSchema": SCHEMA}
    code = WEATHER.replace('"weather"', '"disk"')
    wheel = base64.b64encode(wheel_of("fair", code, contributes=[check])).decode()
    control.post("/plugins", {"wheel": wheel}, by="root")
    control.post("/plugins/fair/enable", {}, by="root")
    checks = control.get("/doctor", by="root")["checks"]
    assert {one["id"] for one in checks if one["name"] == "disk"} == {"disk.room"}
    (stranger, _) = [one for one in checks if one["id"] == "plugins.fair.disk"]
    assert stranger["name"] == "disk (of fair)"
