import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from evidence.packets import FIXED, OLD, Story
from evidence.record import let_through
from image.images import write_layout
from stella.cli.evidence import app as evidence_app
from stella.cli.main import main
from stella.evidence import names, read_packet, verify_packet
from stella.image import OciLayout, parse_reference
from stella.replay import NothingToReplay, Verdict, replay_packet
from stella.replay.difference import first_difference
from stella.sbom import Inventory, MemoryCache, scan_image


def inventory(directory: Path) -> Inventory:
    write_layout(directory, OLD)
    layout = OciLayout.of_directory(directory)
    (result,) = scan_image(layout, parse_reference("somewhere.else/name"), MemoryCache())
    return result.inventory


@pytest.mark.parametrize("story", [Story(), Story(image="old"), Story(approvers=())])
def test_a_decision_replays_to_the_same_bytes(story: Story) -> None:
    for packet in (story.packet(), story.deployment_packet()):
        found = replay_packet(read_packet(packet))
        assert found.verdict is Verdict.IDENTICAL
        steps = {step.name.split()[0]: step.verdict for step in found.steps}
        assert steps == {
            "scan": Verdict.NOT_REPLAYED,
            "match": Verdict.IDENTICAL,
            "gate": Verdict.IDENTICAL,
            "plan": Verdict.IDENTICAL,
        }


def test_the_scan_replays_from_the_layers_wherever_they_lie(tmp_path: Path) -> None:
    fresh = inventory(tmp_path / "layout")
    packet = read_packet(Story(image="old").packet())
    found = replay_packet(packet, {OLD.digest.text: fresh})
    assert [step.verdict for step in found.steps if step.name.startswith("scan")] == ["identical"]


def test_a_scan_that_finds_something_else_differs_with_its_place(tmp_path: Path) -> None:
    fresh = inventory(tmp_path / "layout")
    packet = read_packet(Story(image="old").packet())
    changed = replace(fresh, components=fresh.components[1:])
    found = replay_packet(packet, {OLD.digest.text: changed})
    assert found.verdict is Verdict.DIFFERS
    assert "$.components" in found.steps[0].detail


def test_a_record_that_does_not_follow_from_its_inputs_is_found_though_it_verifies() -> None:
    story = Story(approvers=(), lie=let_through)
    packet = story.packet()
    assert verify_packet(packet, story.root).good
    found = replay_packet(read_packet(packet))
    assert found.verdict is Verdict.DIFFERS
    (gate,) = [step for step in found.steps if step.name == "gate"]
    assert gate.detail.startswith("decision record: $.gates[0].summary: recorded")


def test_findings_that_do_not_follow_from_the_sbom_are_found() -> None:
    packet = read_packet(Story(image="old").packet())
    name = names.findings_entry(OLD.digest)
    document = json.loads(packet.entries[name])
    document["findings"] = []
    entries = {**packet.entries, name: json.dumps(document).encode()}
    found = replay_packet(replace(packet, entries=entries))
    (match,) = [step for step in found.steps if step.name.startswith("match")]
    assert match.verdict is Verdict.DIFFERS
    assert "$.findings[0]: recorded nothing, replayed" in match.detail


def test_a_packet_without_a_decision_has_nothing_to_replay() -> None:
    packet = read_packet(Story().packet())
    rest = {n: data for n, data in packet.entries.items() if not n.startswith("decision/")}
    with pytest.raises(NothingToReplay):
        replay_packet(replace(packet, entries=rest))


def test_the_commands_need_only_the_file(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    story = Story()
    packet, root = tmp_path / "a.stella.tar", tmp_path / "root.json"
    packet.write_bytes(story.packet())
    root.write_bytes(story.root.to_json())
    write_layout(tmp_path / "layout", FIXED)

    assert main(["evidence", "verify", str(packet), "--trusted-root", str(root)]) == 0
    assert capfdbinary.readouterr().out.endswith(b"verified\n")
    image = f"oci-layout:{tmp_path / 'layout'}"
    assert main(["replay", str(packet), "--image", image, "-o", "json"]) == 0
    said = json.loads(capfdbinary.readouterr().out)
    assert said["verdict"] == "identical"
    assert {step["verdict"] for step in said["steps"]} == {"identical"}
    assert main(["replay", str(packet)]) == 0
    assert b"not replayed" in capfdbinary.readouterr().out


def test_bad_packets_end_the_commands_with_one(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    changed, lying = tmp_path / "changed.stella.tar", tmp_path / "lying.stella.tar"
    content = bytearray(Story().packet())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    lying.write_bytes(Story(approvers=(), lie=let_through).packet())
    assert main(["evidence", "verify", str(changed)]) == 1
    assert b"NOT VERIFIED" in capfdbinary.readouterr().out
    assert main(["replay", str(changed)]) == 1
    assert b"ST-RPL-002" in capfdbinary.readouterr().err
    assert main(["evidence", "verify", str(lying)]) == 0
    assert main(["replay", str(lying)]) == 1
    assert capfdbinary.readouterr().out.endswith(b"differs\n")
    missing = CliRunner().invoke(evidence_app, ["verify", str(tmp_path / "none")])
    assert missing.exit_code != 0


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@pytest.mark.long
@given(_VALUES, _VALUES)
def test_different_documents_have_a_first_difference(one: object, other: object) -> None:
    recorded, replayed = (json.dumps(value, sort_keys=True).encode() for value in (one, other))
    said = first_difference(recorded, replayed)
    assert said.startswith("byte") == (recorded == replayed)
