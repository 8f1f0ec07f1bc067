"""Withdraw a release: it is promoted no more, and its past stays as it is."""

from dataclasses import replace

from stella.record.transaction import Tx
from stella.release.facts import ReleaseWithdrawn
from stella.release.lifecycle import RELEASE, ReleaseEvent
from stella.release.model import Release
from stella.release.store import find_release, set_release_state


def withdraw_release(tx: Tx, name: str, reason: str) -> Release:
    """Raises UnknownRelease, IllegalMove where it is withdrawn already."""
    found = find_release(tx, name)
    state = RELEASE.next(found.state, ReleaseEvent.WITHDRAW)
    set_release_state(tx, found.id, state)
    tx.add(ReleaseWithdrawn(found.id, reason))
    return replace(found, state=state)
