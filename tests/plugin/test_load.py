import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from plugin.packages import BOAT, write_plugin
from stella.plugin import load_plugins
from stella.plugin.contract.core import Capability, Kind, Need
from stella.plugin.refusals import PluginBroken, UnknownConnector

GOOD = "PLUGIN = Plugin(targets={'boat': object})"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def test_first_party_connectors_are_found_like_any_other() -> None:
    plugins = load_plugins()
    assert plugins.refused == ()
    assert plugins.target_kinds() == ("compose", "docker", "ecs", "nomad")
    assert plugins.target("docker") is not plugins.target("docker")
    assert plugins.target_manifest("compose").name == "compose"
    assert callable(plugins.registry("oci"))


def test_one_that_may_not_be_used_is_refused_with_every_reason(here: Path) -> None:
    network = {"capability": "network", "hosts": ["api.example.com", "evil.example.org"]}
    found = [
        write_plugin(here, "a-good", GOOD, contributes=[BOAT]),
        write_plugin(here, "b-clash", GOOD, contributes=[BOAT]),
        write_plugin(here, "c-greedy", sdk=9, needs=[{"capability": "docker"}, network]),
        write_plugin(here, "d-no-json", raw="{"),
        write_plugin(here, "e-misnamed", raw='{"name": "other"}'),
    ]
    (here / "plugin_d_gone").mkdir()
    granted = [Need(Capability.NETWORK, ("*.example.com",))]
    plugins = load_plugins(found, granted=granted)
    assert plugins.target_kinds() == ("boat",)
    reasons = {refused.name: refused.reasons for refused in plugins.refused}
    assert reasons["b-clash"] == ("brings the target connector boat, which a-good has brought",)
    assert reasons["c-greedy"] == (
        "needs docker, which is not granted",
        "needs network to evil.example.org, which is not granted",
        "speaks SDK 9, this host speaks 1",
    )
    assert reasons["d-no-json"] == ("the manifest cannot be used: it is no JSON",)
    assert "$ lacks version" in reasons["e-misnamed"][0]
    with pytest.raises(UnknownConnector) as refusal:
        plugins.target("car")
    assert set(refusal.value.facts["refused"]) == set(reasons)


def test_two_of_one_name_are_refused_for_none_can_be_meant(here: Path) -> None:
    mine = write_plugin(here, "mine", GOOD, contributes=[BOAT])
    other = write_plugin(here, "other", GOOD)
    theirs = EntryPoint(name="mine", value=other.value, group=other.group)
    for found in ([mine, theirs], [theirs, mine]):
        plugins = load_plugins(found)
        (refused,) = plugins.refused
        assert (refused.name, plugins.target_kinds()) == ("mine", ())
        assert "2 installed distributions bring a plugin of that name" in refused.reasons[0]
    assert load_plugins([mine, mine]).target_kinds() == ("boat",), "seen twice on the path"


def test_nothing_of_a_plugin_runs_before_it_is_used(here: Path) -> None:
    mark = here / "ran"
    code = f"open({str(mark)!r}, 'w')\n{GOOD}"
    plugins = load_plugins([write_plugin(here, "quiet", code, contributes=[BOAT])])
    assert plugins.target_kinds() == ("boat",)
    assert not mark.exists()
    plugins.target("boat")
    assert mark.exists()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("PLUGIN = Plugin()", "says that it brings target boat, and does not"),
        (
            "PLUGIN = Plugin(targets={'boat': object, 'car': object})",
            "brings target car, and does not say so",
        ),
        ("PLUGIN = 'text'", "its entry point names a str, not a Plugin"),
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
        ("", "cannot be imported: AttributeError"),
    ],
)
def test_one_that_lies_is_found_out_when_it_is_used(here: Path, code: str, told: str) -> None:
    plugins = load_plugins([write_plugin(here, "liar", code, contributes=[BOAT])])
    with pytest.raises(PluginBroken, match=told):
        plugins.target("boat")
    sys.modules.pop("plugin_liar", None)


def test_what_belongs_to_a_contribution_is_told(here: Path) -> None:
    credential = {"name": "token", "title": "Token", "required": False}
    plugins = load_plugins(
        [write_plugin(here, "fine", GOOD, contributes=[{**BOAT, "credentials": [credential]}])]
    )
    (boat,) = plugins.contributions(Kind.TARGET)
    assert [(one.name, one.required) for one in boat.credentials] == [("token", False)]
    assert plugins.owner(Kind.TARGET, "boat").publisher == "a stranger"
