"""Which lifecycle a promotion's release takes, and where it stands in it, as the record has it."""

from collections.abc import Iterator, Sequence

import msgspec

from stella.blob import Blobs
from stella.environment.lifecycles.model import Lifecycle, Phase
from stella.environment.lifecycles.store import lifecycle_for
from stella.identity import present
from stella.kernel import canonical_json, time_text
from stella.promotion.as_now import as_now
from stella.promotion.model import HotfixInput, LifecycleInput, Person, PlaceInput, RunInput
from stella.promotion.phases import Standing, places_before
from stella.promotion.soak import long_enough
from stella.promotion.soaked import runs_in
from stella.promotion.store import Promotion, standings
from stella.record.transaction import Tx
from stella.release.model import Release


def lifecycle_input(
    tx: Tx, blobs: Blobs, promotion: Promotion, release: Release, *, keep: bool
) -> tuple[LifecycleInput | msgspec.UnsetType, dict[str, bytes]]:
    """What its gate is asked with, and the document that this names; unset where there is none.

    keep: it stays as it is until this transaction ends.
    """
    taken = lifecycle_for(tx, release.channel, keep=keep)
    if taken is None:
        return msgspec.UNSET, {}
    content = canonical_json(taken.lifecycle.spec())
    digest = blobs.put(content).text
    before = places_before(taken.lifecycle, promotion.environment)
    places = tuple(_places(tx, before, release.digest))
    asked = _hotfix(tx, promotion.requested_by) if promotion.hotfix else msgspec.UNSET
    return LifecycleInput(taken.name, digest, places, asked), {digest: content}


def standing_of(tx: Tx, lifecycle: Lifecycle, release_digest: str) -> Standing:
    """Where these digests stand in all of its phases now."""
    everywhere = [(phase, name) for phase in lifecycle.phases for name in phase.environments]
    return Standing(time_text(tx.now), tuple(_places(tx, everywhere, release_digest)), lifecycle)


def _places(
    tx: Tx, places: Sequence[tuple[Phase, str]], release_digest: str
) -> Iterator[PlaceInput]:
    done, coming = standings(tx, release_digest, {name for _, name in places})
    now = time_text(tx.now)
    for phase, name in places:
        proof = done.get(name)
        yield PlaceInput(
            name,
            proof.deployment if proof else None,
            coming[name].id if not proof and name in coming else msgspec.UNSET,
            _telling(runs_in(tx, name, release_digest), phase.soak, now)
            if phase.soak
            else msgspec.UNSET,
        )


def _telling(runs: tuple[RunInput, ...], hours: int, now: str) -> tuple[RunInput, ...]:
    """The time that was long enough, else the last one: no other says anything."""
    enough = long_enough(runs, hours, now)
    return runs[:1] if enough is None else (enough,)


def _hotfix(tx: Tx, then: Person) -> HotfixInput:
    """Whoever asked, as they are now where that is less than it was."""
    return HotfixInput(as_now(then, present(tx, {then.id})))
