"""What let a promotion through is proven by facts: whoever forges a row gets no packet that verifies."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from evidence.packets import ANN, AT, DAN
from evidence.proven import (
    BOB,
    FREEZE,
    LATER,
    SPEC,
    WAIVER,
    BrokenStory,
    ProvenStory,
    Told,
    without_proof,
)
from evidence.test_verify import bad_places, remade
from stella.evidence import Verification, names, read_packet, verify_packet
from stella.evidence.container import write_container
from stella.evidence.packet import manifest_bytes, manifest_of
from stella.kernel import Digest, digest_of
from stella.promotion.model import (
    PROOF_FORM,
    AutomaticInput,
    DecisionInput,
    GateState,
    OverrideInput,
    RunInput,
    RunsInput,
)
from stella.replay import Verdict, replay_packet

STORY, BROKEN = ProvenStory(), BrokenStory()
EARLY = "2029-11-01T00:00:00.000000Z"
replace = msgspec.structs.replace


def check(found: Verification, name: str = "relied on") -> Any:
    return next(one for one in found.checks if one.name == name)


def test_what_is_proven_verifies_replays_and_is_told() -> None:
    packet = STORY.packet()
    found = verify_packet(packet, STORY.root)
    assert found.good, [one for one in found.checks if not one.good]
    assert check(found).detail == (
        "who asked, the environment, 1 waiver, 1 override, 1 absence, 2 earlier deployments:"
        " each by its facts"
    )
    assert STORY.decide(_approvals(STORY)).outcome is GateState.PASS
    assert replay_packet(packet).verdict is Verdict.IDENTICAL
    report = read_packet(packet).entries[names.REPORT].decode()
    for told in ("What people let pass", "wvr_1", "fov_1", "olga", "templates are ours alone"):
        assert told in report


def _approvals(story: ProvenStory) -> Any:
    return tuple(approval for approval, _ in story.approvals().values())


def _set(kind: str, **fields: Any) -> Callable[[Told], None]:
    """Change a fact of that kind: who, when, of what (subject), or what it says."""

    def change(told: Told) -> None:
        (one,) = [fact for fact in told if fact["kind"] == kind]
        for name, value in fields.items():
            (one if name in one else one["data"])[name] = value

    return change


def _drop(kind: str) -> Callable[[Told], None]:
    def change(told: Told) -> None:
        told[:] = [fact for fact in told if fact["kind"] != kind]

    return change


def _add(kind: str, subject: str, at: str = LATER, **data: Any) -> Callable[[Told], None]:
    def change(told: Told) -> None:
        one = {"kind": kind, "subject": subject, "actor": DAN.id, "at": at, "data": data}
        told.insert(-1, one)

    return change


def _swap(one: str, other: str) -> Callable[[Told], None]:
    def change(told: Told) -> None:
        at = {fact["kind"]: place for place, fact in enumerate(told)}
        told[at[one]], told[at[other]] = told[at[other]], told[at[one]]

    return change


def _last(kind: str) -> Callable[[Told], None]:
    """It came after the decision."""

    def change(told: Told) -> None:
        told.sort(key=lambda fact: fact["kind"] == kind)

    return change


FORGED: dict[str, tuple[Callable[[Told], None], str]] = {
    "no request of the waiver": (_drop("WaiverRequested"), "no fact"),
    "no yes to the waiver": (_drop("WaiverApproved"), "no fact"),
    "the yes came after the decision": (_last("WaiverApproved"), "no fact"),
    "the facts of another waiver": (_set("WaiverRequested", subject="wvr_2"), "no fact"),
    "the yes to another waiver": (_set("WaiverApproved", subject="wvr_2"), "no fact"),
    "another asked": (_set("WaiverRequested", actor=BOB.id), "by whom"),
    "another agreed": (_set("WaiverApproved", actor=BOB.id), "by whom"),
    "one asked and agreed": (_set("WaiverApproved", actor=DAN.id), "by whom"),
    "it was asked for at another time": (_set("WaiverRequested", at=EARLY), "when"),
    "it was agreed to at another time": (_set("WaiverApproved", at=EARLY), "when"),
    "it was agreed to first": (_swap("WaiverRequested", "WaiverApproved"), "before it was asked"),
    "it is of another rule": (_set("WaiverRequested", rule="eol"), "rule"),
    "the yes is to another rule": (_set("WaiverApproved", rule="eol"), "rule"),
    "it is of another finding": (_set("WaiverRequested", finding="OSV-2029-2"), "finding"),
    "it is of another component": (_set("WaiverRequested", component="worker"), "component"),
    "it is of another environment": (_set("WaiverRequested", environment="dev"), "environment"),
    "the yes is for elsewhere": (_set("WaiverApproved", environment="dev"), "environment"),
    "it is not of unknowns": (_set("WaiverRequested", unknown=True), "unknown"),
    "it ended earlier": (_set("WaiverRequested", expires_at=EARLY), "expires_at"),
    "the yes was for a shorter time": (_set("WaiverApproved", expires_at=EARLY), "expires_at"),
    "it has another reason": (_set("WaiverRequested", reason="x"), "reason"),
    "it was asked for twice": (_add("WaiverRequested", "wvr_1"), "more than one"),
    "it had been taken back": (_add("WaiverEnded", "wvr_1"), "was over"),
    "it had lapsed": (_add("WaiverLapsed", "wvr_1"), "was over"),
    "no override": (_drop("FreezeOverridden"), "no fact"),
    "the override of another": (_set("FreezeOverridden", override="fov_2"), "no fact"),
    "an override of another release": (_set("FreezeOverridden", subject="rel_2"), "no fact"),
    "another overrode it": (_set("FreezeOverridden", actor=DAN.id), "by whom"),
    "it was overridden later": (_set("FreezeOverridden", at=AT), "when"),
    "another freeze was overridden": (_set("FreezeOverridden", freeze="days"), "freeze"),
    "it was overridden elsewhere": (_set("FreezeOverridden", environment="dev"), "environment"),
    "another window was overridden": (_set("FreezeOverridden", ends_at=AT), "ends_at"),
    "it was overridden for a reason": (_set("FreezeOverridden", reason="x"), "reason"),
    "nobody was away": (_drop("AbsenceBegun"), "could speak for"),
    "another was away": (_set("AbsenceBegun", person=DAN.id), "could speak for"),
    "another stood in": (_set("AbsenceBegun", stand_in=DAN.id), "could speak for"),
    "another said she was away": (_set("AbsenceBegun", actor=BOB.id), "could speak for"),
    "she was away later": (_set("AbsenceBegun", starts_at="2030-01-02"), "could speak for"),
    "she was back": (_set("AbsenceBegun", ends_at=AT), "could speak for"),
    "she came back early": (_add("AbsenceEnded", "abs_1"), "could speak for"),
    "she said so later": (_set("AbsenceBegun", at="2030-01-02"), "could speak for"),
    "nobody asked": (_drop("PromotionRequested"), "no fact"),
    "another asked for it": (_set("PromotionRequested", actor=ANN.id), "by whom"),
    "it was asked for earlier": (_set("PromotionRequested", at=EARLY), "when"),
    "another release was asked for": (_set("PromotionRequested", release="rel_2"), "release"),
    "it was asked for elsewhere": (_set("PromotionRequested", environment="dev"), "environment"),
    "a rollback was asked for": (_set("PromotionRequested", rollback=True), "rollback"),
    "it was to begin later": (_set("PromotionRequested", not_before=LATER), "not_before"),
    "nobody asked for it": (_set("PromotionRequested", follows="dep_stage"), "follows"),
    "the release is another": (_set("ReleaseSealed", release_digest="sha256:0"), "digest"),
    "the environment was never applied": (_drop("EnvironmentApplied"), "no fact"),
    "it was applied otherwise": (_set("EnvironmentApplied", spec="sha256:0"), "applied"),
    "it ran nowhere": (_drop("DeploymentSucceeded"), "no fact"),
    "it ran elsewhere": (_set("DeploymentSucceeded", environment="dev"), "where it ran"),
    "another release ran": (_set("DeploymentSucceeded", release="rel_2"), "no fact"),
    "nobody knows since when": (_drop("PromotionDeployed"), "no fact"),
    "it runs since yesterday": (_set("PromotionDeployed", at=LATER), "since when"),
}  # fmt: skip


@pytest.mark.parametrize(("forge", "said"), FORGED.values(), ids=FORGED.keys())
def test_facts_that_say_something_else_are_found_with_their_place(
    forge: Callable[[Told], None], said: str
) -> None:
    story = ProvenStory(evidence=STORY.evidence, sbom=STORY.sbom, forge=forge)
    found = verify_packet(story.packet(), story.root)
    assert [one.name for one in found.checks if not one.good] == ["relied on"]
    assert said in check(found).detail, check(found).detail
    assert str(check(found).place).startswith((names.FACTS, names.CONFIGURATION))


def _environment(given: DecisionInput, **changes: Any) -> DecisionInput:
    return replace(given, environment=replace(given.environment, **changes))


CLAIMED: dict[str, Callable[[DecisionInput], DecisionInput]] = {
    "a waiver out of nothing": lambda given: replace(given, waivers=(replace(WAIVER, id="wvr_9"),)),
    "a waiver that lasts longer": lambda given: replace(
        given, waivers=(replace(WAIVER, expires_at="2031-01-01T00:00:00.000000Z"),)
    ),
    "a waiver by another": lambda given: replace(
        given, waivers=(replace(WAIVER, approved_by=BOB),)
    ),
    "an override out of nothing": lambda given: _environment(
        given, freezes=(replace(FREEZE, overrides=(OverrideInput("fov_9", BOB, LATER, "x"),)),)
    ),
    "no approval is asked for": lambda given: _environment(given, rules=()),
    "another asked": lambda given: replace(given, requested_by=ANN),
    "a run out of nothing": lambda given: _environment(
        given, soak=replace(given.environment.soak, runs=(RunInput("dep_9", EARLY),))
    ),
}


@pytest.mark.parametrize("claims", CLAIMED.values(), ids=CLAIMED.keys())
def test_rows_that_nobody_recorded_make_no_packet_that_verifies(
    claims: Callable[[DecisionInput], DecisionInput],
) -> None:
    story = ProvenStory(evidence=STORY.evidence, sbom=STORY.sbom, claims=claims)
    found = verify_packet(story.packet(), story.root)
    assert not check(found).good, check(found).detail


def _revised(given: DecisionInput) -> DecisionInput:
    """A rule asks who made the release, and ann gave it other variables."""
    return replace(given, release_creator=DAN.id, release_reviser=ANN.id)


def _revision_by(who: str) -> Callable[[Told], None]:
    revision = {"revision": 2, "variables": "sha256:0", "reason": ""}
    one = {"kind": "ReleaseRevised", "subject": "", "actor": who, "at": LATER, "data": revision}

    def change(told: Told) -> None:
        (sealed,) = [fact for fact in told if fact["kind"] == "ReleaseSealed"]
        told.insert(told.index(sealed) + 1, {**one, "subject": sealed["subject"]})

    return change


@pytest.mark.parametrize(
    ("forge", "claims", "said"),
    [
        (_revision_by(ANN.id), _revised, ""),
        (_revision_by(BOB.id), _revised, "who revised it"),
        (list.copy, _revised, "who revised it"),
        (
            _revision_by(ANN.id),
            lambda given: replace(_revised(given), release_reviser=msgspec.UNSET),
            "who revised it",
        ),
        # What was recorded in the form of before does not promise it.
        (_revision_by(BOB.id), lambda given: replace(_revised(given), proof=1), ""),
    ],
    ids=["as it was", "another did", "nobody did", "it is kept silent", "of before"],
)
def test_who_revised_the_release_is_proven_where_a_rule_asks_for_it(
    forge: Callable[[Told], None], claims: Callable[[DecisionInput], DecisionInput], said: str
) -> None:
    story = ProvenStory(evidence=STORY.evidence, sbom=STORY.sbom, forge=forge, claims=claims)
    found = check(verify_packet(story.packet(), story.root))
    assert (found.good, said in found.detail) == (said == "", True), found.detail


def _automatic(given: DecisionInput, after: str = "stage") -> DecisionInput:
    """Nobody asked: it goes on from what stage runs."""
    there = RunsInput(given.release.id, "shop", "1", given.release.digest)
    asked = AutomaticInput("dep_stage", after, "newest", there, None)
    return replace(given, automatic=asked, release_creator=DAN.id)


def _in_turn(*changes: Callable[[Told], object]) -> Callable[[Told], None]:
    def change(told: Told) -> None:
        for one in changes:
            one(told)

    return change


_FOLLOWS = _set("PromotionRequested", follows="dep_stage")


@pytest.mark.parametrize(
    ("forge", "claims", "said"),
    [
        (_FOLLOWS, _automatic, ""),
        (list.copy, _automatic, "follows"),
        (_set("PromotionRequested", follows="dep_9"), _automatic, "follows"),
        (_FOLLOWS, lambda given: _automatic(given, "dev"), "where it ran"),
        (
            _in_turn(_FOLLOWS, _add("EnvironmentApplied", "prod", spec=digest_of(SPEC).text)),
            lambda given: _automatic(given, "dev"),
            "",
        ),
        (
            _in_turn(_FOLLOWS, _swap("DeploymentSucceeded", "PromotionRequested")),
            _automatic,
            "after it was asked for",
        ),
        (list.copy, lambda given: replace(_automatic(given), proof=1), ""),
    ],
    ids=[
        "as it was",
        "asked for",
        "another",
        "elsewhere",
        "another rule since",
        "late",
        "of before",
    ],
)
def test_what_an_automatic_promotion_follows_is_proven(
    forge: Callable[[Told], None], claims: Callable[[DecisionInput], DecisionInput], said: str
) -> None:
    story = ProvenStory(evidence=STORY.evidence, sbom=STORY.sbom, forge=forge, claims=claims)
    found = check(verify_packet(story.packet(), story.root))
    assert (found.good, said in found.detail) == (said == "", True), found.detail


def test_a_broken_glass_verifies_replays_and_is_told_first() -> None:
    packet = BROKEN.packet()
    found = verify_packet(packet, BROKEN.root)
    assert found.good, [one for one in found.checks if not one.good]
    assert "pass by break-glass" in check(found, "decision").detail
    assert "1 break-glass" in check(found).detail
    assert replay_packet(packet).verdict is Verdict.IDENTICAL
    report = read_packet(packet).entries[names.REPORT].decode()
    assert report.index("Passed by break-glass.") < report.index("<h2>Who</h2>")
    assert "policy blocked" in report


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (_drop("BreakGlassRequested"), "no fact"),
        (_drop("BreakGlassAgreed"), "no fact"),
        (_last("BreakGlassAgreed"), "no fact"),
        (_set("BreakGlassRequested", break_glass="bgl_2"), "no fact"),
        (_set("BreakGlassAgreed", subject="prm_2"), "no fact"),
        (_set("BreakGlassRequested", actor=BOB.id), "by whom"),
        (_set("BreakGlassAgreed", actor=DAN.id), "by whom"),
        (_set("BreakGlassRequested", at=EARLY), "when"),
        (_set("BreakGlassAgreed", at=EARLY), "when"),
        (_set("BreakGlassRequested", plan_digest="sha256:0"), "plan_digest"),
        (_set("BreakGlassAgreed", plan_digest="sha256:0"), "plan_digest"),
        (_set("BreakGlassRequested", ends_at=AT), "ends_at"),
        (_set("BreakGlassAgreed", environment="dev"), "environment"),
        (_set("BreakGlassRequested", reason="x"), "reason"),
        (_set("BreakGlassRequested", gates=["policy", "freeze"]), "gates"),
        (_swap("BreakGlassRequested", "BreakGlassAgreed"), "before it was asked"),
        (_add("BreakGlassEnded", STORY.promotion, break_glass="bgl_1"), "was over"),
        (_add("BreakGlassLapsed", STORY.promotion, break_glass="bgl_1"), "was over"),
    ],
)
def test_a_glass_that_nobody_broke_so_is_found(forge: Callable[[Told], None], said: str) -> None:
    story = BrokenStory(evidence=BROKEN.evidence, sbom=BROKEN.sbom, forge=forge)
    found = verify_packet(story.packet(), story.root)
    assert [one.name for one in found.checks if not one.good] == ["relied on"]
    assert said in check(found).detail, check(found).detail
    assert str(check(found).place).startswith(names.FACTS)


@pytest.mark.parametrize(
    "changes",
    [
        {"agreed_by": DAN},
        {"ends_at": AT},
        {"agreed_at": "2030-01-02T00:00:00.000000Z"},
        {"plan_digest": "sha256:" + "0" * 64},
        {"gates": ("freeze", "approvals")},
    ],
)
def test_a_glass_that_did_not_count_lets_nothing_through_and_cannot_be_claimed(
    changes: dict[str, Any],
) -> None:
    honest = BrokenStory(claims_glass=lambda one: replace(one, **changes))
    assert honest.decide(_approvals(honest)).outcome is GateState.BLOCKED
    honest.lie = lambda decision: replace(
        decision, outcome=GateState.PASS, break_glass=honest.claims_glass(honest.glass)
    )
    found = verify_packet(honest.packet(), honest.root)
    assert "did not count" in check(found, "decision").detail


def test_an_outcome_that_does_not_follow_from_the_gates_does_not_verify() -> None:
    story = ProvenStory(parameters={"severityMax": "low"})
    story.lie = lambda decision: replace(decision, outcome=GateState.PASS)
    found = verify_packet(story.packet(), story.root)
    assert "the outcome" in check(found, "decision").detail


def test_a_packet_of_before_verifies_and_says_what_it_does_not_prove() -> None:
    story = ProvenStory(claims=lambda given: replace(given, proof=msgspec.UNSET))
    old = remade(story.packet(), without_proof, story)
    found = verify_packet(old, story.root)
    assert found.good, [one for one in found.checks if not one.good]
    assert "from before" in check(found).detail
    assert replay_packet(old).verdict is Verdict.IDENTICAL


def test_a_packet_of_now_without_these_facts_does_not_verify() -> None:
    found = verify_packet(remade(STORY.packet(), without_proof, STORY), STORY.root)
    assert [one.name for one in found.checks if not one.good] == ["relied on"]


@pytest.mark.parametrize(
    ("entry", "bad"),
    [(names.DECISION_INPUT, "relied on"), (names.DECISION_RECORD, "decision")],
)
def test_a_packet_of_now_cannot_claim_to_be_of_before(entry: str, bad: str) -> None:
    def claim(entries: dict[str, bytes]) -> None:
        form = f'"proof":{PROOF_FORM},'.encode()
        assert form in entries[entry]
        entries[entry] = entries[entry].replace(form, b"")
        without_proof(entries)

    found = verify_packet(remade(STORY.packet(), claim, STORY), STORY.root)
    assert bad in [one.name for one in found.checks if not one.good]


def test_its_report_cannot_be_of_a_form_that_keeps_silent() -> None:
    read = read_packet(STORY.packet())
    entries = dict(read.entries)
    own = {names.MANIFEST, names.MANIFEST_BUNDLE}
    rest = {name: content for name, content in entries.items() if name not in own}
    entries[names.MANIFEST] = manifest_bytes(manifest_of(rest, read.about, 4))
    found = verify_packet(write_container(entries), STORY.root)
    assert "form of the report" in check(found, "report").detail


def test_an_unknown_form_of_proof_is_no_pass() -> None:
    story = ProvenStory(claims=lambda given: replace(given, proof=PROOF_FORM + 1))
    found = verify_packet(story.packet(), story.root)
    assert bad_places(found) == [names.DECISION_RECORD]


def test_the_specification_of_the_story_is_that_of_its_configuration() -> None:
    assert Digest.of(STORY.configuration()).text == STORY.given().environment.configuration
    assert SPEC["policy"] == "starter"
