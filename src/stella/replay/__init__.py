"""Would we decide so again?"""

from stella.replay.errors import NothingToReplay, UnverifiedPacket
from stella.replay.replay import Replay, Step, Verdict, replay_packet

__all__ = [
    "NothingToReplay",
    "Replay",
    "Step",
    "UnverifiedPacket",
    "Verdict",
    "replay_packet",
]
