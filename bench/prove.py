"""How long a packet takes to verify (the goal is 1 s), and to replay beside deciding at first."""

import importlib
import sys
from pathlib import Path

from bench.row import Row, median_s
from stella.advisory import parse_slice
from stella.evidence import read_packet, verify_packet
from stella.finding import findings_document, match_inventory
from stella.promotion.decide import record_of
from stella.replay import Verdict, replay_packet
from stella.sbom import parse_cyclonedx

TESTS = Path(__file__).resolve().parent.parent / "tests"


def main() -> None:
    """Print the rows."""
    sys.path.insert(0, str(TESTS))
    story = importlib.import_module("evidence.packets").Story(image="many")
    content = story.packet()
    packet = read_packet(content)
    assert verify_packet(content, story.root).good
    assert replay_packet(packet).verdict is Verdict.IDENTICAL
    approvals = tuple(approval for approval, _ in story.approvals().values())
    advisories, inventory = parse_slice(story.scan.advisories), parse_cyclonedx(story.scan.sbom)

    def decide() -> None:
        findings_document(match_inventory(inventory, advisories))
        record_of(story.decide(approvals))

    size = f"{len(content):,} bytes, 1,000 findings; median of 15"
    verify_s = median_s(lambda: verify_packet(content, story.root), runs=15)
    Row("verify a packet", "s", verify_s, goal=1.0, note=size).print()
    Row(
        "replay it: match, gate and plan",
        "s",
        median_s(lambda: replay_packet(packet), runs=15),
        theirs=median_s(decide, runs=15),
        theirs_name="matching and deciding at first",
        note="documents in memory on both sides; median of 15",
    ).print()


if __name__ == "__main__":
    main()
