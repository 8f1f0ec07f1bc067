"""Packets that say what is linked in an image: proven, judged again, and no byte of it can be changed."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from evidence.packets import Scanned, Story
from image.images import MemoryRegistry, build, push
from reach.go_tables import program
from reach.test_functions_reach import IMPORTS, LIB, advisory
from sbom.test_programs import programs
from stella.advisory import import_advisories, open_snapshot
from stella.evidence import names, read_packet, verify_packet
from stella.finding import findings_document, match_inventory, packages_of
from stella.kernel import Digest, Json
from stella.promotion.model import ApprovalInput, DecisionInput, GateState
from stella.reach import evidence_document, parse_evidence
from stella.replay import Verdict, replay_packet
from stella.sbom import MemoryCache, scan_image

Entries = dict[str, bytes]


@cache
def linked(function: str) -> tuple[Scanned, bytes, bytes]:
    """An image of one Go program: as scanned, all that is linked in it, and the part that counts."""
    image = build(
        programs({"usr/bin/shop": program([f"{LIB}/parse.{function}", "example.com/x.F"])})
    )
    registry = MemoryRegistry()
    (result,) = scan_image(registry, push(registry, image), MemoryCache(), tool_version="0.1.0")
    document = evidence_document(result.inventory.subject, result.linked)
    assert document is not None
    with TemporaryDirectory() as directory:
        feed = Path(directory) / "feed"
        feed.mkdir()
        severe: dict[str, object] = {"database_specific": {"severity": "CRITICAL"}}
        (feed / "go.json").write_text(json.dumps(advisory(1, LIB, IMPORTS) | severe))
        snapshot = open_snapshot(import_advisories([feed], Path(directory) / "to").path)
        evidence = parse_evidence(document)
        findings = findings_document(match_inventory(result.inventory, snapshot, evidence))
        advisories = snapshot.slice(packages_of(result.inventory))
    part = evidence.part()
    assert part is not None
    return (
        Scanned(image, result.sbom_bytes, advisories, findings, snapshot.digest),
        document,
        part,
    )


@dataclass
class LinkedStory(Story):
    function: str = "Close"
    change: Callable[[Entries], None] = dict.copy

    @property
    def scan(self) -> Scanned:
        return linked(self.function)[0]

    def given(self, approvals: tuple[ApprovalInput, ...] = ()) -> DecisionInput:
        given = super().given(approvals)
        (component,) = given.release.components
        (scan,) = component.scans
        scan = msgspec.structs.replace(scan, reached=Digest.of(linked(self.function)[2]).text)
        component = msgspec.structs.replace(component, scans=(scan,))
        release = msgspec.structs.replace(given.release, components=(component,))
        return msgspec.structs.replace(given, release=release)

    def entries(self) -> Entries:
        entries = super().entries()
        entries[names.reached_entry(self.scan.image.digest)] = linked(self.function)[2]
        self.change(entries)
        return entries


HONOUR: dict[str, Json] = {"reach": "honour", "unmatched": "pass"}


@pytest.mark.parametrize(
    ("function", "parameters", "state"),
    [
        ("Close", HONOUR, GateState.PASS),
        ("Close", HONOUR | {"severityUnreachable": "high"}, GateState.BLOCKED),
        ("Close", HONOUR | {"reach": "ignore"}, GateState.BLOCKED),
        ("Open", HONOUR, GateState.BLOCKED),
    ],
)
def test_what_is_proven_unreachable_passes_where_a_policy_says_so(function, parameters, state):
    story = LinkedStory(function=function, parameters=parameters)
    assert story.decide().gates[1].state is state
    packet = story.packet()
    assert verify_packet(packet, story.root).good
    found = replay_packet(read_packet(packet))
    assert found.verdict is Verdict.IDENTICAL, found


def test_a_packet_holds_only_what_its_findings_rest_on():
    _, document, part = linked("Close")
    assert b"example.com/x" in document
    assert b"example.com/x" not in part
    assert len(part) < len(document)


def _place(entries: Entries) -> str:
    return next(name for name in sorted(entries) if name.startswith(names.REACHED))


def _without(entries: Entries) -> None:
    del entries[_place(entries)]


def _other(entries: Entries) -> None:
    name = _place(entries)
    entries[name] = entries[name].replace(b"linux", b"plan9")


def _stranger(entries: Entries) -> None:
    entries[names.reached_entry(Digest.of(b"x"))] = b"{}"


@pytest.mark.parametrize("change", [_without, _other, _stranger])
def test_what_is_linked_cannot_be_changed_left_out_or_added(change):
    story = LinkedStory(parameters=HONOUR, change=change)
    assert not verify_packet(story.packet(), story.root).good


def test_what_was_found_by_other_programs_does_not_replay():
    story = LinkedStory(parameters=HONOUR)
    packet = read_packet(story.packet())
    place = names.reached_entry(story.scan.image.digest)
    entries = dict(packet.entries) | {place: linked("Open")[2]}
    assert linked("Open")[0].image.digest != story.scan.image.digest
    found = replay_packet(replace(packet, entries=entries))
    assert found.verdict is Verdict.DIFFERS
    entries[place] = linked("Open")[2].replace(
        linked("Open")[0].image.digest.text.encode(), story.scan.image.digest.text.encode()
    )
    (step,) = [
        one
        for one in replay_packet(replace(packet, entries=entries)).steps
        if one.name.startswith("match")
    ]
    assert step.verdict is Verdict.DIFFERS
