"""What was handed out once has to verify and to replay for ever."""

from pathlib import Path

import pytest

from stella.evidence import read_packet, verify_packet
from stella.evidence.report import REPORT_FORMS
from stella.replay import Verdict, replay_packet
from stella.trust import TrustRoot

FOLDER = Path(__file__).parent / "recorded"
ROOT = TrustRoot.from_json((FOLDER / "trusted-root.json").read_bytes())
PACKETS = sorted(FOLDER.glob("*.stella.tar"))


def test_there_are_recorded_packets_and_one_that_differs() -> None:
    assert len(PACKETS) >= 5
    assert any("_differs" in path.name for path in PACKETS)


def test_every_form_of_the_report_is_among_them() -> None:
    assert {read_packet(path).manifest.report for path in PACKETS} == REPORT_FORMS


@pytest.mark.parametrize("path", PACKETS, ids=lambda path: path.name)
def test_a_recorded_packet_verifies_by_the_recorded_root_and_its_own(path: Path) -> None:
    for root in (ROOT, None):
        found = verify_packet(path.read_bytes(), root)
        assert found.good, [check for check in found.checks if not check.good]


@pytest.mark.parametrize("path", PACKETS, ids=lambda path: path.name)
def test_a_recorded_packet_replays_as_its_name_says(path: Path) -> None:
    found = replay_packet(read_packet(path))
    differs = path.name.removesuffix(".stella.tar").endswith("_differs")
    assert found.verdict is (Verdict.DIFFERS if differs else Verdict.IDENTICAL), found.steps
