"""Which lifecycle a promotion's release takes, and where it stands in it, as the record has it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from stella.blob import Blobs
from stella.environment.lifecycles.model import Lifecycle, Phase
from stella.environment.lifecycles.store import lifecycles_now, taken_of
from stella.identity import present
from stella.kernel import canonical_json, digest_of, time_text
from stella.promotion.gates.phases import Standing, places_before
from stella.promotion.gates.soak import long_enough
from stella.promotion.known.as_now import as_now
from stella.promotion.known.soaked import runs_in
from stella.promotion.model import (
    HotfixInput,
    KnownLifecycle,
    LifecycleInput,
    Person,
    PlaceInput,
    RunInput,
)
from stella.promotion.store import Promotion, standings
from stella.record.transaction import Tx
from stella.release.model import Release


@dataclass(frozen=True, slots=True)
class Ways:
    """taken: what the gate is asked with; unset where the release takes none. known: all that there are.

    documents: the one that ``taken`` names, by its digest.
    """

    taken: LifecycleInput | msgspec.UnsetType
    known: tuple[KnownLifecycle, ...]
    documents: dict[str, bytes]


def ways_of(tx: Tx, blobs: Blobs, promotion: Promotion, release: Release, *, keep: bool) -> Ways:
    """The lifecycles of now. keep: they stay as they are until this transaction ends."""
    there = lifecycles_now(tx, keep=keep)
    known = tuple(
        KnownLifecycle(name, digest_of(one.spec()).text, one.taken_by, one.default)
        for name, one in there.items()
    )
    taken = taken_of(there, release.channel)
    if taken is None:
        return Ways(msgspec.UNSET, known, {})
    content = canonical_json(taken.lifecycle.spec())
    digest = blobs.put(content).text
    before = places_before(taken.lifecycle, promotion.environment)
    places = tuple(_places(tx, before, release.digest))
    asked = _hotfix(tx, promotion.requested_by) if promotion.hotfix else msgspec.UNSET
    return Ways(LifecycleInput(taken.name, digest, places, asked), known, {digest: content})


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
