"""Checks of a take-down: that it was allowed, of this plan, and that what it says was signed."""

from typing import Any

from msgspec import UNSET

from stella.deployment.take_down.decide import (
    TakeDownInput,
    decide_take_down,
    document_bytes,
)
from stella.deployment.take_down.plan import TakeDownPlan
from stella.evidence import names
from stella.evidence.html import items, look
from stella.evidence.reading import DoesNotHold, Reading, expect
from stella.evidence.verify_facts import PacketFact, read_facts
from stella.kernel import Digest, Json, StellaError, digest_of
from stella.trust import STICKER, TAKE_DOWN, verify_bundle, verify_document

_ENDED = {
    "succeeded": "TakeDownSucceeded",
    "failed": "TakeDownFailed",
    "errored": "TakeDownErrored",
}


def check_allowed(reading: Reading) -> str:
    """The decision follows from what it rests on, and it is that it may be."""
    given = reading.struct(names.TAKE_DOWN_INPUT, TakeDownInput)
    decision = decide_take_down(given)
    if document_bytes(decision) != reading.content(names.TAKE_DOWN_RECORD):
        raise DoesNotHold("it does not follow from its input", names.TAKE_DOWN_RECORD)
    if decision.outcome != "allowed":
        raise DoesNotHold("it was refused, and carried out", names.TAKE_DOWN_RECORD)
    reading.expect_digest(names.TAKE_DOWN_PLAN, given.plan, "the plan")
    reading.expect_digest(names.CONFIGURATION, given.environment.configuration, "the configuration")
    plan = reading.struct(names.TAKE_DOWN_PLAN, TakeDownPlan)
    expect(given.environment.name, plan.environment, "the environment", names.TAKE_DOWN_PLAN)
    return f"allowed, of the plan {given.plan}"


def check_removal_relied(reading: Reading) -> str:
    """The environment is as somebody applied it last, and what is taken away was deployed there."""
    given = reading.struct(names.TAKE_DOWN_INPUT, TakeDownInput)
    plan = reading.struct(names.TAKE_DOWN_PLAN, TakeDownPlan)
    facts, place = read_facts(reading), given.environment
    applied = [
        one for one in facts if (one.kind, one.subject) == ("EnvironmentApplied", place.name)
    ]
    begun = [
        one for one in facts if (one.kind, one.subject) == ("TakeDownStarted", given.take_down)
    ]
    if not applied or not begun or applied[-1].position > begun[0].position:
        raise DoesNotHold(f"no fact tells how {place.name} was applied by then", names.FACTS)
    shown = reading.object(names.CONFIGURATION).get("environment")
    spec = {key: value for key, value in _members(shown) if key != "name"}
    said = applied[-1].data.get("rested_on") or applied[-1].data.get("spec")
    expect(said, digest_of(spec).text, "what was applied", names.CONFIGURATION)
    rules = [look(one, "rule") for one in items(spec.get("approvals"))]
    expect(rules, list(place.approvals), "the approval rules", names.TAKE_DOWN_INPUT)
    if given.ends_at is not UNSET:
        ends = applied[-1].data.get("ends_at")
        expect(ends, given.ends_at, "its end", names.TAKE_DOWN_INPUT)
    started = {one.subject: one.data for one in facts if one.kind == "DeploymentStarted"}
    for target in plan.targets:
        told = started.get(target.deployment, {})
        what = f"the release that {target.deployment} brought to {target.target}"
        expect(told.get("release"), target.release.id, what, names.TAKE_DOWN_PLAN)
        expect(told.get("environment"), place.name, "where that was", names.TAKE_DOWN_PLAN)
    return f"how it was applied, and {len(started)} deployments: each by its facts"


def check_taken_down(reading: Reading) -> str:
    """What was done is what was signed, on the targets of the plan; it succeeded where nothing is left."""
    said, place = reading.object(names.TAKE_DOWN), names.TAKE_DOWN
    statement = verify_bundle(
        reading.content(names.TAKE_DOWN_BUNDLE),
        reading.keys("evidence"),
        subject=Digest.of(reading.content(names.TAKE_DOWN_PLAN)),
        predicate_type=TAKE_DOWN,
        exact=True,
    )
    expect(said, statement.predicate, "the signed take-down", names.TAKE_DOWN_BUNDLE)
    given = reading.struct(names.TAKE_DOWN_INPUT, TakeDownInput)
    for key, entry in (
        ("plan", names.TAKE_DOWN_PLAN),
        ("input", names.TAKE_DOWN_INPUT),
        ("record", names.TAKE_DOWN_RECORD),
    ):
        expect(said.get(key), Digest.of(reading.content(entry)).text, f"its {key}", place)
    expect(given.take_down, said.get("id"), "its id", place)
    expect(reading.packet.manifest.subject, said.get("id"), "its id", place)
    expect(given.reason, said.get("reason"), "its reason", place)
    expect(given.simulated, said.get("simulated"), "whether it is simulated", place)
    targets = _targets(said)
    plan = reading.struct(names.TAKE_DOWN_PLAN, TakeDownPlan)
    expect(
        [one.target for one in plan.targets],
        [one.get("target") for one in targets],
        "its targets",
        place,
    )
    is_done = all(one.get("state") == "succeeded" and one.get("running") == [] for one in targets)
    expect(is_done, said.get("state") == "succeeded", "whether it succeeded", place)
    _check_told(reading, given, said)
    return f"{said.get('state')} on {len(targets)} targets"


def check_removal_artifacts(reading: Reading) -> str:
    """Each artifact is the one that it lists; each sticker is signed and says that nothing runs."""
    said, found = reading.object(names.TAKE_DOWN), set()
    record = Digest.of(reading.content(names.TAKE_DOWN_RECORD)).text
    releases = {
        one.target: one.release
        for one in reading.struct(names.TAKE_DOWN_PLAN, TakeDownPlan).targets
    }
    listed = said.get("artifacts")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise DoesNotHold("its artifacts are no list of objects", names.TAKE_DOWN)
    for one in listed:
        target = str(one.get("target"))
        name = names.removal_entry(target, str(one.get("name")))
        reading.expect_digest(name, str(one.get("digest")), "the artifact")
        found.add(name)
        if one.get("name") != names.STICKER_FILE:
            continue
        if target not in releases:
            raise DoesNotHold("the plan has no such target", name)
        try:
            fields = verify_document(
                reading.content(name),
                reading.keys("evidence"),
                subject=Digest(releases[target].digest),
                predicate_type=STICKER,
            )
        except StellaError as error:
            raise DoesNotHold(str(error), name) from error
        wanted: dict[str, Json] = {
            "takenDown": said.get("id"),
            "evidence": record,
            "components": {},
            "target": target,
        }
        for key, value in wanted.items():
            expect(value, fields.get(key), f"the sticker's {key}", name)
    for rest in reading.packet.under(names.TAKE_DOWN_ARTIFACTS):
        if names.TAKE_DOWN_ARTIFACTS + rest not in found:
            raise DoesNotHold("the take-down does not list it", names.TAKE_DOWN_ARTIFACTS + rest)
    return f"{len(found)} artifacts"


def _members(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _targets(said: dict[str, Any]) -> list[dict[str, Any]]:
    targets = said.get("targets")
    if not isinstance(targets, list) or not all(isinstance(one, dict) for one in targets):
        raise DoesNotHold("its targets are no list of objects", names.TAKE_DOWN)
    return targets


def _check_told(reading: Reading, given: TakeDownInput, said: dict[str, Any]) -> None:
    """The facts tell of this beginning, by this person, and of this end."""
    facts = [one for one in read_facts(reading) if one.subject == given.take_down]
    begun = _the(facts, "TakeDownStarted")
    place = f"{names.FACTS}, {begun.id}"
    expect(given.requested_by.id, begun.actor, "who took it down", place)
    expect(given.now, begun.at, "when it began", place)
    for key in ("plan", "input", "record", "environment"):
        expect(said.get(key), begun.data.get(key), f"its {key}", place)
    ended = _the(facts, _ENDED.get(str(said.get("state")), "TakeDownSucceeded"))
    expect(said.get("endedAt"), ended.at, "when it ended", f"{names.FACTS}, {ended.id}")


def _the(facts: list[PacketFact], kind: str) -> PacketFact:
    found = [one for one in facts if one.kind == kind]
    if len(found) != 1:
        raise DoesNotHold(f"{len(found)} facts {kind} tell of it, not one", names.FACTS)
    return found[0]
