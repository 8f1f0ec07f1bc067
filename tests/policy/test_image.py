"""What the starter policy says of the image itself, and that old decisions do not hear of it."""

import json
from dataclasses import replace as changed

import msgspec
import pytest

from evidence.packets import OLD, Story
from image.images import Layer, MemoryRegistry, Mode, build, push
from policy.releases import document, release
from stella.evidence import names, read_packet
from stella.kernel import Digest, Outcome
from stella.policy import PolicyResult, evaluate, starter_bundle
from stella.promotion.decide import policy_input, traits_of
from stella.promotion.errors import DocumentMissing
from stella.replay import Verdict, replay_packet
from stella.sbom import MemoryCache, Traits, parse_cyclonedx, scan_image, to_cyclonedx
from stella.sbom.lifetime import known_lifetimes

ALL = {"rootUser": "blocked", "setuid": "foreign", "secrets": "blocked", "endOfLife": "blocked"}
KEY = "//registry/:_authToken=a1B2c3D4e5F6g7H8"


def traits(**run: object) -> Traits:
    registry = MemoryRegistry()
    layer = Layer.of(
        {
            "etc/os-release": b"ID=debian\nVERSION_ID=10\n",
            "opt/helper": Mode(b"x", 0o4755, 33, 33),
            "root/.npmrc": KEY.encode(),
        }
    )
    reference = push(registry, build(layer, **run))
    (result,) = scan_image(registry, reference, MemoryCache())
    assert result.inventory.traits is not None
    return result.inventory.traits


def judged(found: Traits, **parameters: str) -> PolicyResult:
    given = release(document(), **parameters)
    (scan,) = given["components"][0]["scans"]
    scan["image"] = msgspec.to_builtins(found)
    scan["lifetime"] = msgspec.to_builtins(known_lifetimes().of(found.distro))
    return evaluate(starter_bundle(), given)


def test_each_rule_says_what_it_objects_to_and_where():
    result = judged(traits(User=""), **ALL)
    said = {one.rule: one for one in result.rules if one.outcome is Outcome.BLOCKED}
    assert {rule: one.message for rule, one in said.items()} == {
        "root-user": "c1: linux/amd64 begins as root",
        "privileged-files": "c1: linux/amd64 has 1 files with more power, such as /opt/helper "
        "(mode 4755 of 33:33)",
        "secrets": "c1: linux/amd64 holds secrets in 1 places, such as npm-login in /root/.npmrc, "
        "layer 0",
        "end-of-life": "c1: linux/amd64 is debian-10, which gets no updates since 2024-06-30",
    }
    assert {one.who for one in said.values()} == {"whoever builds c1"}


@pytest.mark.parametrize("parameter", sorted(ALL))
def test_a_parameter_asks_for_its_own_rule_alone(parameter: str):
    result = judged(traits(User=""), **{parameter: "blocked"})
    assert len([one for one in result.rules if one.outcome is Outcome.BLOCKED]) == 1
    assert judged(traits(User="")).outcome is Outcome.PASS


def test_an_unknown_user_is_unknown():
    result = judged(traits(User="web"), rootUser="blocked")
    (one,) = [one for one in result.rules if one.rule == "root-user"]
    assert one.outcome is Outcome.UNKNOWN
    assert "no /etc/passwd that names it" in one.message


def test_the_gate_is_asked_with_what_the_bill_of_materials_says():
    story = Story(image="old")
    given, sbom = story.given(), story.scan.sbom
    found = traits_of(given, {Digest.of(sbom).text: sbom})
    asked = policy_input(given, {}, found)
    (scan,) = asked["components"][0]["scans"]
    assert scan["image"]["user"]["root"] == "yes"
    assert "lifetime" not in scan
    with pytest.raises(DocumentMissing):
        traits_of(given, {})


def test_a_bill_of_materials_without_traits_adds_nothing_to_the_question():
    story = Story(image="old")
    old = to_cyclonedx(changed(parse_cyclonedx(story.scan.sbom), traits=None), "1")
    given = story.given()
    component = given.release.components[0]
    scan = msgspec.structs.replace(component.scans[0], sbom=Digest.of(old).text)
    component = msgspec.structs.replace(component, scans=(scan,))
    before = msgspec.structs.replace(given.release, components=(component,))
    given = msgspec.structs.replace(given, release=before)
    found = traits_of(given, {Digest.of(old).text: old})
    asked = policy_input(given, {}, found)
    (scan_asked,) = asked["components"][0]["scans"]
    assert not {"image", "lifetime"} & scan_asked.keys()


def test_a_scan_recorded_before_there_were_traits_replays_to_the_same_bytes():
    packet = read_packet(Story(image="old").packet())
    name = names.sbom_entry(OLD.digest)
    recorded = parse_cyclonedx(packet.entries[name])
    assert recorded.traits is not None
    old = to_cyclonedx(changed(recorded, traits=None), "0.1")
    for content in (packet.entries[name], old):
        asked = changed(packet, entries={**packet.entries, name: content})
        found = replay_packet(asked, {OLD.digest.text: recorded})
        steps = [one for one in found.steps if one.name.startswith("scan")]
        assert [one.verdict for one in steps] == [Verdict.IDENTICAL]
    assert "stella:image:user" not in json.dumps(old.decode())
