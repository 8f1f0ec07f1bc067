"""Packets with test results in them: each is proven by its statement and its fact."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec
import pytest

from evidence.proven import LATER, ProvenStory, Told, fact
from stella.evidence import names, read_packet, verify_packet
from stella.kernel import Digest
from stella.promotion import model
from stella.promotion.known.tested import said_fields
from stella.promotion.model import ApprovalInput, DecisionInput, GateState, Person
from stella.replay import Verdict, replay_packet
from stella.tested import hear_tested, sign_tested
from stella.tested.hearing import bare_tested
from stella.trust import Algorithm, Signer, new_signer
from stella.vex import Issuer

SYSTEM = Person("system", "Stella")


@dataclass
class TestedStory(ProvenStory):
    """The unit tests passed, says the CI, whose key is known. change: what is claimed beside it."""

    __test__ = False

    ci: Signer = field(default_factory=lambda: new_signer(Algorithm.ED25519))
    change: Callable[[model.TestedInput], model.TestedInput] = lambda one: one
    took: Callable[[Told], object] = list.copy

    def __post_init__(self) -> None:
        self.parameters = {**self.parameters, "testSuites": ["unit"]}
        forge = self.forge
        self.forge = lambda told: (self._take(told), forge(told))

    @cached_property
    def statement(self) -> bytes:
        said: Any = {"result": "PASSED", "configuration": [{"name": "unit"}]}
        return sign_tested(self.ci, bare_tested("web", self.scan.image.digest, said))

    @cached_property
    def result(self) -> model.TestedInput:
        heard = hear_tested(self.statement, [Issuer("ci", 0, (self.ci.public,))])
        return self.change(
            model.TestedInput(
                id="tst_1",
                image=heard.said.image.text,
                document=Digest.of(self.statement).text,
                at=LATER,
                by=SYSTEM,
                source="attached",
                signer=heard.issuer,
                key=heard.key,
                is_signed=True,
                **said_fields(heard.said),
            )
        )

    def _take(self, told: Told) -> None:
        one = self.result
        says: Any = {"image": one.image, "document": one.document, "source": "attached"}
        taken = [
            fact("TestResultTaken", "tst_1", "system", LATER, **says, result="PASSED", suites=[])
        ]
        self.took(taken)
        told[:0] = taken

    def given(self, approvals: tuple[ApprovalInput, ...] = ()) -> DecisionInput:
        given = super().given(approvals)
        (component,) = given.release.components
        (scan,) = component.scans
        scan = msgspec.structs.replace(scan, tests=model.TestsInput((self.result,), 0))
        component = msgspec.structs.replace(component, scans=(scan,))
        release = msgspec.structs.replace(given.release, components=(component,))
        return msgspec.structs.replace(given, release=release)

    def entries(self) -> dict[str, bytes]:
        place = names.test_result_entry(Digest.of(self.statement))
        return super().entries() | {place: self.statement}


STORY = TestedStory()


def test_a_packet_with_test_results_verifies_and_replays():
    packet = STORY.packet()
    found = verify_packet(packet, STORY.root)
    assert found.good, [one for one in found.checks if not one.good]
    assert "1 test result" in next(one.detail for one in found.checks if one.name == "relied on")
    replayed = replay_packet(read_packet(packet))
    assert replayed.verdict is Verdict.IDENTICAL, replayed
    assert "test result tst_1" in [one.name for one in replayed.steps]
    (policy,) = [one for one in STORY.decide().gates if one.name == "policy"]
    assert policy.state is GateState.PASS


def changed(**fields: Any) -> Callable[[model.TestedInput], model.TestedInput]:
    return lambda one: msgspec.structs.replace(one, **fields)


@pytest.mark.parametrize(
    "change",
    [
        changed(result="WARNED"),
        changed(suites=("unit", "e2e")),
        changed(key=""),
        changed(key=new_signer(Algorithm.ED25519).public.pem.decode()),
        changed(key="no key"),
        changed(document="sha256:" + "0" * 64),
        changed(document="nothing"),
        changed(image="sha256:" + "0" * 64),
    ],
)
def test_what_the_statement_does_not_say_does_not_verify(change: Any):
    story = replace(STORY, change=change, forge=list.copy)
    found = verify_packet(story.packet(), story.root)
    assert "documents" in [one.name for one in found.checks if not one.good]


def test_a_key_without_a_signer_is_found():
    story = replace(STORY, change=changed(signer=""), forge=list.copy)
    found = verify_packet(story.packet(), story.root)
    assert [one.name for one in found.checks if not one.good] == ["documents"]


def _withdrawn(told: Told) -> None:
    told.append(fact("TestResultWithdrawn", "tst_1", "system", LATER, reason="it lied"))


def _by_another(told: Told) -> None:
    told[0]["actor"] = "usr_mallory"


@pytest.mark.parametrize("took", [list.clear, _withdrawn, _by_another])
def test_what_did_not_come_in_so_is_found(took: Any):
    story = replace(STORY, took=took, forge=list.copy)
    found = verify_packet(story.packet(), story.root)
    assert [one.name for one in found.checks if not one.good] == ["relied on"]
