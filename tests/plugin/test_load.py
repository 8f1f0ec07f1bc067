from importlib.metadata import EntryPoint

import pytest

from stella.plugin import load_plugins
from stella.plugin.contract import Capability, Manifest, Plugin
from stella.plugin.refusals import UnknownConnector


def manifest(name: str, **changes: object) -> Manifest:
    given = {
        "name": name,
        "version": "1",
        "publisher": "x",
        "sdk": 1,
        "needs": frozenset(),
        "config_schema": {},
    }
    return Manifest(**{**given, **changes})


GOOD = Plugin(manifest("good"), targets={"boat": object})
CLASH = Plugin(manifest("clash"), targets={"boat": object})
GREEDY = Plugin(manifest("greedy", sdk=9, needs=frozenset({Capability.DOCKER})))
NO_PLUGIN = "text"


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, f"plugin.test_load:{value}", "stella.plugins")


def test_first_party_connectors_are_found_like_any_other() -> None:
    plugins = load_plugins()
    assert plugins.refused == ()
    assert plugins.target_kinds() == ("compose", "docker")
    assert plugins.target("docker") is not plugins.target("docker")
    assert plugins.target_manifest("compose").name == "compose"
    assert callable(plugins.registry("oci"))


def test_one_that_cannot_be_loaded_is_refused_with_every_reason() -> None:
    found = [
        point("a-good", "GOOD"),
        point("b-clash", "CLASH"),
        point("c-greedy", "GREEDY"),
        point("d-gone", "NOT_THERE"),
        point("e-text", "NO_PLUGIN"),
    ]
    plugins = load_plugins(found, granted=frozenset())
    assert plugins.target_kinds() == ("boat",)
    reasons = {refused.name: refused.reasons for refused in plugins.refused}
    assert reasons["b-clash"] == ("brings the target connector boat, which a-good has brought",)
    assert reasons["c-greedy"] == (
        "needs docker, which is not granted",
        "speaks SDK 9, this host speaks 1",
    )
    assert reasons["d-gone"][0].startswith("cannot be imported: AttributeError")
    assert reasons["e-text"] == ("its entry point names a str, not a Plugin",)
    with pytest.raises(UnknownConnector) as refusal:
        plugins.target("car")
    assert set(refusal.value.facts["refused"]) == set(reasons)
