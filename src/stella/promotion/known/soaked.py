"""When a release ran where it has to soak, as the record has it."""

import msgspec

from stella.environment.emptied import emptying_began
from stella.environment.model import Environment
from stella.promotion.lifecycle import State
from stella.promotion.model import RunInput, SoakInput
from stella.promotion.store import Promotion, list_promotions
from stella.record.read import facts_about
from stella.record.transaction import Tx

_LOOKED_AT_MAX = 200
_ENDED = frozenset({"PromotionDeployed", "PromotionFailed"})


def soak_input(
    tx: Tx, environment: Environment, release_digest: str
) -> SoakInput | msgspec.UnsetType:
    """When these digests ran where they have to soak; of older times than that nothing is known."""
    soak = environment.soak
    if soak is None:
        return msgspec.UNSET
    return SoakInput(soak.environment, soak.hours, runs_in(tx, soak.environment, release_digest))


def runs_in(tx: Tx, environment: str, release_digest: str) -> tuple[RunInput, ...]:
    """When these digests ran there, the last time first."""
    states = frozenset({State.DEPLOYED, State.FAILED, State.ERRORED})
    ended = list_promotions(tx, environment=environment, states=states, limit=_LOOKED_AT_MAX)
    at = {
        fact.subject: fact.at
        for fact in facts_about(tx, [one.id for one in ended])
        if fact.kind in _ENDED
    }
    timed: list[tuple[str, Promotion | None]] = [(at[one.id], one) for one in ended if one.id in at]
    timed += [(began, None) for began in emptying_began(tx, environment)]
    timed.sort(key=lambda pair: (pair[0], pair[1].id if pair[1] else ""))
    return _runs(timed, release_digest)


def _runs(ended: list[tuple[str, Promotion | None]], release_digest: str) -> tuple[RunInput, ...]:
    """ended: the promotions of one environment with the time of their end, the first first; None:
    a take-down began.

    After a deployment of another release that errored nobody knows what runs: that ends a time. So
    does the beginning of a take-down, however it ends: from then on a part of it may be gone.
    """
    runs: list[RunInput] = []
    for at, one in ended:
        runs_now = bool(runs) and runs[-1].until is None
        if one is None:
            if runs_now:
                runs[-1] = msgspec.structs.replace(runs[-1], until=at)
            continue
        is_it = one.release_digest == release_digest
        if runs_now and is_it and one.state is not State.DEPLOYED:
            runs[-1] = msgspec.structs.replace(runs[-1], failed_at=at)
        elif runs_now and not is_it and one.state is not State.FAILED:
            runs[-1] = msgspec.structs.replace(runs[-1], until=at)
        elif not runs_now and is_it and one.state is State.DEPLOYED:
            runs.append(RunInput(deployment=one.deployment or "", since=at))
    return tuple(reversed(runs))
