"""Packets with VEX in them: what was weighed is proven, repeated, and no byte of it can be changed."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from evidence.weighed import WeighedStory
from stella.evidence import names, read_packet, verify_packet
from stella.kernel import Digest
from stella.promotion.model import GateState
from stella.replay import Verdict, replay_packet

Entries = dict[str, bytes]


def test_a_packet_with_vex_verifies_and_replays() -> None:
    story = WeighedStory()
    assert story.decide().gates[1].state is GateState.PASS
    for packet in (story.packet(), story.deployment_packet()):
        assert verify_packet(packet, story.root).good
        found = replay_packet(read_packet(packet))
        assert found.verdict is Verdict.IDENTICAL, found
        assert [one.name.split()[0] for one in found.steps] == [
            "scan",
            "match",
            "vex",
            "gate",
            "plan",
        ]


@dataclass
class Changed(WeighedStory):
    """A server that lies: it signs a packet whose entries were changed."""

    change: Callable[[Entries], None] = dict.copy

    def entries(self) -> Entries:
        entries = super().entries()
        self.change(entries)
        return entries


def _vex(entries: Entries) -> str:
    return next(name for name in sorted(entries) if name.startswith(names.VEX_DOCUMENTS))


def _without_a_document(entries: Entries) -> None:
    del entries[_vex(entries)]


def _other_document(entries: Entries) -> None:
    name = next(one for one in entries if b"never called" in entries[one] and "documents" in one)
    entries[name] = entries[name].replace(b"never called", b"never run")


def _stranger(entries: Entries) -> None:
    entries[names.vex_document_entry(Digest.of(b"x"))] = b"x"


def _other_weight(entries: Entries) -> None:
    name = next(one for one in entries if one.endswith("/weighed.json"))
    entries[name] = entries[name].replace(b'"weight":50', b'"weight":51')


def _other_findings(entries: Entries) -> None:
    name = next(one for one in entries if one.endswith("/matched.json"))
    entries[name] = entries[name].replace(b'"kev":false', b'"kev":true', 1)


@pytest.mark.parametrize(
    "change",
    [_without_a_document, _other_document, _stranger, _other_weight, _other_findings],
)
def test_what_was_weighed_and_then_changed_does_not_verify(
    change: Callable[[Entries], None],
) -> None:
    story = Changed(change=change)
    found = verify_packet(story.packet(), story.root)
    assert not found.good
    assert [one.name for one in found.checks if not one.good] == ["documents"]


def test_verdicts_that_do_not_follow_from_what_was_weighed_are_found_though_they_verify() -> None:
    class Lying(WeighedStory):
        """Says that an image is affected which is not."""

        @property
        def judged(self) -> bytes:
            return super().judged.replace(b'"vex":"not_affected"', b'"vex":"fixed"', 1)

    story = Lying()
    packet = story.packet()
    assert verify_packet(packet, story.root).good
    found = replay_packet(read_packet(packet))
    assert found.verdict is Verdict.DIFFERS
    (step,) = [one for one in found.steps if one.name.startswith("vex")]
    assert step.verdict is Verdict.DIFFERS
    assert "vex" in step.detail
