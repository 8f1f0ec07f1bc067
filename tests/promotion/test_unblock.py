"""The smallest change that lets a policy pass, tried on the policy itself."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from evidence.packets import Story
from stella.kernel import Digest
from stella.policy import PolicyBundle, load_bundle
from stella.promotion.decide import decide, record_of
from stella.promotion.model import ApprovalInput, Decision, DecisionInput, Unblock
from stella.replay import Verdict, replay_packet


@dataclass
class AskedStory(Story):
    image: str = "old"

    def given(self, approvals: tuple[ApprovalInput, ...] = ()) -> DecisionInput:
        return msgspec.structs.replace(super().given(approvals), says_what_unblocks=True)


def asked(**parameters: Any) -> AskedStory:
    return AskedStory(parameters={"unmatched": "pass", **parameters})


def unblock(decision: Decision) -> Unblock:
    assert decision.unblock is not msgspec.UNSET
    return decision.unblock


def with_findings(change: Any, policy: PolicyBundle | None = None, **parameters: Any) -> Decision:
    """The decision about the findings of the image "old", changed by ``change(finding)``."""
    story = asked(**parameters)
    read = json.loads(story.scan.findings)
    read["findings"] = [change(one) for one in read["findings"]]
    content = json.dumps(read).encode()
    given = story.given()
    (component,) = given.release.components
    (scan,) = component.scans
    scan = msgspec.structs.replace(scan, findings=Digest.of(content).text)
    component = msgspec.structs.replace(component, scans=(scan,))
    release = msgspec.structs.replace(given.release, components=(component,))
    bundle = policy or story.policy
    given = msgspec.structs.replace(given, release=release, policy=bundle.digest.text)
    documents = {Digest.of(one).text: one for one in (content, story.scan.sbom)}
    return decide(given, documents, bundle)


def test_one_upgrade_is_enough_and_the_policy_was_asked():
    change = unblock(asked().decide())
    (upgrade,) = change.upgrades
    assert (upgrade.component, upgrade.package) == ("web", "jinja2")
    assert (upgrade.version, upgrade.fixed) == ("3.1.2", "3.1.6")
    assert upgrade.findings == ("OSV-2029-1",)
    assert (change.verified, change.waivable, change.left) == ("pass", (), ())


def test_a_stricter_policy_needs_more_upgrades():
    change = unblock(asked(severityMax="none").decide())
    assert [one.package for one in change.upgrades] == ["jinja2", "requests"]
    assert change.verified == "pass"


def test_what_passes_has_nothing_to_say_and_old_inputs_neither():
    assert b'"unblock":' not in record_of(asked(severityMax="critical").decide())
    assert b'"unblock":' not in record_of(Story(image="old").decide())


def test_a_finding_without_a_fix_needs_a_waiver():
    change = unblock(with_findings(lambda one: {**one, "fixed": ""}))
    assert change.upgrades == ()
    assert [(one.rule, one.component, one.finding) for one in change.waivable] == [
        ("severity", "web", "OSV-2029-1")
    ]
    assert change.verified == "blocked"


def test_the_version_is_the_lowest_that_mends_all_of_a_package():
    fixes = {"OSV-2029-1": "3.1.9", "OSV-2029-2": "3.1.10"}

    def one_package(one: Any) -> Any:
        shared = {"purl": "pkg:pypi/a@1", "component": "a", "severity": "high"}
        return {**one, **shared, "fixed": fixes.get(one["id"], "3.1.1")}

    (upgrade,) = unblock(with_findings(one_package)).upgrades
    assert (upgrade.fixed, len(upgrade.findings)) == ("3.1.10", 2)


def test_fixes_that_do_not_compare_are_not_guessed():
    fixes = {"OSV-2029-1": "x?", "OSV-2029-2": "y?"}

    def one_package(one: Any) -> Any:
        shared = {"purl": "pkg:pypi/a@1", "component": "a", "severity": "high"}
        return {**one, **shared, "fixed": fixes[one["id"]]}

    change = unblock(with_findings(one_package))
    assert len(change.upgrades) == 1
    assert len(change.waivable) == 1


def test_what_no_upgrade_and_no_waiver_mends_is_named():
    policy = load_bundle(
        {
            "own.rego": "package stella.policy\n"
            'results contains {"rule": "never", "outcome": "blocked", "message": "no"}\n'
        }
    )
    change = unblock(with_findings(lambda one: one, policy))
    assert (change.upgrades, change.waivable, change.left) == ((), (), ("never",))


def test_an_objection_that_comes_to_light_later_is_mended_too():
    policy = load_bundle(
        {
            "own.rego": """package stella.policy
ids := sort([one.id | one := input.components[_].scans[_].document.findings[_]])
results contains {"rule": "first", "outcome": "blocked", "objection": "is first",
  "component": "web", "finding": one} if {
  one := input.components[_].scans[_].document.findings[_]
  one.id == ids[0]
}
results contains {"rule": "first", "outcome": "pass", "message": "none"} if count(ids) == 0
"""
        }
    )
    change = unblock(with_findings(lambda one: one, policy))
    assert len(change.upgrades) == 2
    assert change.verified == "pass"


def test_a_packet_that_says_it_replays():
    made = asked()
    assert replay_packet(made.packet()).verdict is Verdict.IDENTICAL
