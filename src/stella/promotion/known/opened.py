"""Which release an environment's phase has become open for, where that alone has it asked for there."""

from collections.abc import Iterable

from stella.environment.lifecycles.model import Phase
from stella.environment.lifecycles.store import lifecycle_for, list_lifecycles
from stella.environment.store import list_environments
from stella.promotion.gates.phases import Standing, places_before
from stella.promotion.known.phased import standing_of
from stella.promotion.store import Promotion, running_in
from stella.record.transaction import Tx
from stella.release.lifecycle import ReleaseState
from stella.release.store import find_release


def opened_after(tx: Tx, there: str) -> list[str]:
    """The environments that take by themselves what has come through the phases, that one among them."""
    later: set[str] = set()
    for lifecycle in list_lifecycles(tx).values():
        later |= {*lifecycle.following(there)}
    return [
        one.name
        for one in list_environments(tx)
        if one.name in later and one.promotions.is_by_phases
    ]


def opened_in(tx: Tx, lifecycle: str) -> list[str]:
    """The same of all environments of a lifecycle; none where it is no more."""
    found = list_lifecycles(tx).get(lifecycle)
    named = () if found is None else found.environments
    return [
        one.name
        for one in list_environments(tx)
        if one.name in named and one.promotions.is_by_phases
    ]


def newest_open(tx: Tx, name: str) -> Promotion | None:
    """By which the newest release that may come next runs in an environment of an earlier phase.

    It may where its lifecycle lets it into the phase of ``name`` now, or once it has soaked: then it is
    asked for, and waits for that alone. What a hotfix may leave out, nobody leaves out who does not ask,
    and nothing goes on that an earlier phase has gone back from.
    """
    places = _running_before(tx, name)
    for release in sorted({one.release for one in places.values()}, reverse=True):
        wanted = find_release(tx, release)
        taken = lifecycle_for(tx, wanted.channel)
        phase = None if taken is None else taken.lifecycle.phase_of(name)
        if taken is None or phase is None or wanted.state is not ReleaseState.SEALED:
            continue
        before = {place for _, place in places_before(taken.lifecycle, name)}
        there = [one for place, one in places.items() if place in before]
        came = [one for one in there if one.release == release]
        standing = standing_of(tx, taken.lifecycle, wanted.digest)
        if not came or not _is_open(standing, phase) or _went_back(standing, release, there):
            continue
        return max(came, key=lambda one: one.deployment or "")
    return None


def _running_before(tx: Tx, name: str) -> dict[str, Promotion]:
    """What runs in the environments of earlier phases, whichever lifecycle they are of."""
    places = dict.fromkeys(
        place
        for lifecycle in list_lifecycles(tx).values()
        for _, place in places_before(lifecycle, name)
    )
    running = {place: running_in(tx, place) for place in places}
    return {place: one for place, one in running.items() if one is not None}


def _is_open(standing: Standing, phase: Phase) -> bool:
    def is_done_or_soaks(one: Phase) -> bool:
        return len(standing.done_in(one)) + len(standing.soaking_in(one)) >= one.count

    return not standing.lifecycle.open_before(phase, is_done_or_soaks)


def _went_back(standing: Standing, release: str, there: Iterable[Promotion]) -> bool:
    """Whether something older runs in an environment in which it succeeded."""
    return any(
        one.release < release and standing.places[one.environment].deployment is not None
        for one in there
    )
