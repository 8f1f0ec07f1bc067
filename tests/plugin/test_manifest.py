"""Manifests of strangers: read as data, bounded, and every fault named at once."""

import json
from typing import Any

import pytest

from plugin.packages import BOAT, SCHEMA, manifest_of
from stella.plugin.contract.core import Capability, Kind, Need
from stella.plugin.manifest import covers, manifest_beside, parse_manifest
from stella.plugin.refusals import MalformedManifest

STEP = {
    "kind": "step",
    "name": "watch",
    "title": "Watch",
    "configSchema": {"type": "object", "properties": {"a": {"type": "string"}}},
}


def parse(**changes: Any) -> Any:
    return parse_manifest(json.dumps(manifest_of("odd", **changes)).encode())


def asking_for(more: dict[str, Any]) -> dict[str, Any]:
    """A configuration with one key of that kind, below another."""
    key = {"key": {"type": "string", **more}}
    return {**SCHEMA, "properties": {"login": {"type": "object", "properties": key}}}


def test_what_stands_there_is_read() -> None:
    read = parse(contributes=[BOAT], needs=[{"capability": "network", "hosts": ["*.example.com"]}])
    assert read.needs == (Need(Capability.NETWORK, ("*.example.com",)),)
    assert read.contribution(Kind.TARGET, "boat").title == "Boat"
    assert read.contribution(Kind.REGISTRY, "boat") is None
    assert read.limits.timeout_s == 300


@pytest.mark.parametrize("package", ["docker", "compose", "registry"])
def test_ours_are_read_from_beside_their_module(package: str) -> None:
    assert manifest_beside(f"stella_connectors.{package}").name == package


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "Odd One"}, "its name is not lower-case letters"),
        ({"version": "new"}, "'new' is no version"),
        ({"version": "1" * 81}, "is no version"),
        ({"version": f"1{'a' * 70}!"}, "is no version"),  # and said so at once
        ({"version": ".."}, "'..' is no version"),
        ({"publisher": " "}, "its publisher has not 1 to 200 characters"),
        ({"limits": {"timeoutS": 0}}, "limits.timeoutS is 0"),
        ({"limits": {"memoryBytes": 10**12}}, "limits.memoryBytes is 1000000000000"),
        ({"limits": {"attemptsMax": 999}}, "limits.attemptsMax is 999"),
        (
            {"needs": [{"capability": "teleport"}]},
            r"needs\[0\].capability: 'teleport' is not a valid",
        ),
        (
            {"needs": [{"capability": "network", "hosts": ["http://x"]}]},
            "'http://x', which is no host",
        ),
        ({"needs": [{"capability": "docker"}] * 2}, "needs names docker 2 times"),
        ({"contributes": [BOAT, BOAT]}, "contributes names target boat 2 times"),
        ({"contributes": [{**BOAT, "kind": "teleporter"}]}, "'teleporter' is not a valid"),
        ({"contributes": [{**BOAT, "configSchema": {"type": "array"}}]}, "not of the type object"),
        (
            {"contributes": [{**BOAT, "configSchema": asking_for({"writeOnly": True})}]},
            r"boat: its configSchema asks for a secret \(key\): list it under credentials",
        ),
        (
            {"contributes": [{**BOAT, "configSchema": asking_for({"format": "password"})}]},
            r"asks for a secret \(key\)",
        ),
        (
            {"contributes": [{**BOAT, "outputSchema": {"type": "array"}}]},
            "its outputSchema is not of the type object",
        ),
        (
            {"contributes": [{**BOAT, "configSchema": {**SCHEMA, "properties": {"a": 1}}}]},
            "its configSchema is no JSON Schema",
        ),
        (
            {"contributes": [{**BOAT, "configSchema": {**SCHEMA, "$ref": "http://x/y"}}]},
            "refers to something outside",
        ),
        ({"contributes": [{**BOAT, "uses": {"a": "metrics"}}]}, "a target uses no integrations"),
        ({"contributes": [{**STEP, "uses": {"a": "secret_store"}}]}, "no step uses a secret_store"),
        (
            {"contributes": [{**STEP, "uses": {"b": "metrics"}}]},
            "has no such input of the type string",
        ),
        ({"contributes": [{**STEP, "uses": {"a": "teleporter"}}]}, "'teleporter' is not a valid"),
        ({"extra": 1}, "unknown key: 'extra'"),
        ({"contributes": [{**BOAT, "title": ""}]}, "it has no title"),
        ({"sdk": "1"}, "sdk is no int"),
    ],
)
def test_a_fault_is_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(MalformedManifest, match=told):
        parse(**changes)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(MalformedManifest) as refusal:
        parse(name="", version="x", contributes=[{**BOAT, "configSchema": {}}])
    assert len(refusal.value.facts["faults"]) == 3


def faults_of(**changes: Any) -> list[str]:
    given = {key: value for key, value in manifest_of("odd", **changes).items() if value != GONE}
    with pytest.raises(MalformedManifest) as refusal:
        parse_manifest(json.dumps(given).encode())
    return list(refusal.value.facts["faults"])


GONE = "left out"


def test_what_cannot_be_read_hides_nothing_of_what_can() -> None:
    strange = {**BOAT, "kind": "teleporter", "shape": 1}
    faults = faults_of(
        name="Odd One",
        version="new",
        publisher=GONE,
        title=7,
        limits={"timeoutS": 0, "patience": 3},
        needs=[{"capability": "docker"}, {"capability": "teleport"}, {"capability": "docker"}],
        contributes=[strange, BOAT, {**BOAT, "title": "", "shape": 1}],
        newKey=1,
        other=2,
    )
    assert faults == [
        "$ has an unknown key: 'newKey'",
        "$ has an unknown key: 'other'",
        "$ lacks publisher",
        "$.title is no str",
        "$.needs[1].capability: 'teleport' is not a valid Capability",
        "$.contributes[0] has an unknown key: 'shape'",
        "$.contributes[0].kind: 'teleporter' is not a valid Kind",
        "$.contributes[2] has an unknown key: 'shape'",
        "$.limits has an unknown key: 'patience'",
        "its name is not lower-case letters, digits and hyphens",
        "'new' is no version",
        "limits.timeoutS is 0, not 1 to 86400",
        "needs names docker 2 times",
        "contributes names target boat 2 times",
        "target boat: it has no title of 1 to 200 characters that can be shown",
    ]


def test_one_that_speaks_another_sdk_says_so_first() -> None:
    first, *rest = faults_of(sdk=9, newKey=1, contributes=[{**BOAT, "kind": "teleporter"}])
    assert first == "speaks SDK 9, this host speaks 1"
    assert len(rest) == 2
    assert parse(sdk=9).sdk == 9, "what can be read is refused when it is loaded, with all else"


def test_faults_without_end_are_told_as_far_as_anybody_reads() -> None:
    assert len(faults_of(**{f"key{at}": at for at in range(5000)})) == 100


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"nonsense", b"[" * 200_000, b" " * 600_000, b"\xff", b'{"name": 1}']
)
def test_nonsense_is_one_refusal(content: bytes) -> None:
    with pytest.raises(MalformedManifest):
        parse_manifest(content)


def test_no_manifest_is_a_refusal() -> None:
    with pytest.raises(MalformedManifest, match="no package"):
        manifest_beside("no_such_package_anywhere")
    with pytest.raises(MalformedManifest, match="cannot be read"):
        manifest_beside("json")


@pytest.mark.parametrize(
    ("pattern", "host", "is_covered"),
    [
        ("a.example.com", "a.example.com", True),
        ("a.example.com", "b.a.example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "badexample.com", False),
        ("*.example.com", ".example.com", False),
    ],
)
def test_a_pattern_means_what_lies_below_it(pattern: str, host: str, is_covered: bool) -> None:
    assert covers(pattern, host) is is_covered
