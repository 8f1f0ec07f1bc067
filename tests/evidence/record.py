"""Record a new packet for ever: ``PYTHONPATH=src:tests python -m evidence.record NAME``."""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from evidence.packets import Story
from evidence.proven import BrokenStory, ProvenStory
from evidence.stepped import SteppedStory, UndoneStory
from evidence.taken_down import TakenDown, taken_down
from evidence.weighed import WeighedStory
from stella.evidence import FILE_SUFFIX
from stella.promotion.model import Decision, Gate, GateState
from stella.trust import TrustRoot

FOLDER = Path(__file__).parent / "recorded"
ROOT = FOLDER / "trusted-root.json"


def let_through(decision: Decision) -> Decision:
    """The same plan, but whatever held it back is gone."""
    gates = tuple(Gate(name=g.name, state=GateState.PASS, summary="fine") for g in decision.gates)
    return msgspec.structs.replace(decision, gates=gates, outcome=GateState.PASS)


CASES: dict[str, Callable[[], tuple[Story | TakenDown, bytes]]] = {
    "promotion-blocked": lambda: _told(Story(image="old")),
    "promotion-passed": lambda: _told(Story()),
    "deployment-succeeded": lambda: _deployed(Story()),
    "deployment-steps": lambda: _deployed(SteppedStory()),
    "deployment-undone": lambda: _deployed(UndoneStory()),
    "promotion-weighed": lambda: _told(WeighedStory()),
    "promotion-weighed-told": lambda: _told(WeighedStory()),
    "promotion-proven": lambda: _told(ProvenStory()),
    "deployment-broken-glass": lambda: _deployed(BrokenStory()),
    "take-down-succeeded": lambda: _taken(taken_down()),
    "promotion-let-through_differs": lambda: _told(Story(image="old", lie=let_through)),
}


def _told(story: Story) -> tuple[Story, bytes]:
    return story, story.packet()


def _deployed(story: Story) -> tuple[Story, bytes]:
    return story, story.deployment_packet()


def _taken(down: TakenDown) -> tuple[TakenDown, bytes]:
    return down, down.packet


def main(name: str) -> None:
    """Make the case and add its keys to the recorded root."""
    path = FOLDER / f"{name}{FILE_SUFFIX}"
    if path.exists():
        sys.exit(f"{path} is recorded; it is never made again")
    story, packet = CASES[name]()
    known = TrustRoot.from_json(ROOT.read_bytes()).keys if ROOT.exists() else {}
    keys = {f"{purpose}-{name}": key for purpose, key in story.root.keys.items()}
    ROOT.write_bytes(TrustRoot({**known, **keys}).to_json())
    path.write_bytes(packet)


if __name__ == "__main__":
    main(sys.argv[1])
