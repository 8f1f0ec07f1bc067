"""All of them, and what becomes of what they wait for."""

from collections.abc import Callable, Mapping

from stella.app.runs.acts.act import Act
from stella.app.runs.acts.listening import LISTENING
from stella.app.runs.acts.looking import LOOKING
from stella.app.runs.acts.releasing import RELEASING, how_promotion_stands, how_scan_stands
from stella.app.runs.acts.telling import TELLING, how_message_stands
from stella.record import Tx
from stella.workflow.run.model import NodeEnding

ACTS: Mapping[str, Act] = {**RELEASING, **LOOKING, **TELLING, **LISTENING}
"""Step type -> how it is done."""

_LOOKS: Mapping[str, Callable[[Tx, str], NodeEnding | None]] = {
    "promotion": how_promotion_stands,
    "scan": how_scan_stands,
    "message": how_message_stands,
}


def how_it_stands(tx: Tx, what: str) -> NodeEnding | None:
    """What ``KIND:ID`` came to; None while it goes on."""
    kind, _, subject = what.partition(":")
    look = _LOOKS.get(kind)
    return look(tx, subject) if look else None
