"""When a release ran where it has to soak, as the record has it."""

import msgspec

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
    ended = list_promotions(
        tx,
        environment=soak.environment,
        states=frozenset({State.DEPLOYED, State.FAILED}),
        limit=_LOOKED_AT_MAX,
    )
    at = {
        fact.subject: fact.at
        for fact in facts_about(tx, [one.id for one in ended])
        if fact.kind in _ENDED
    }
    timed = [(at[one.id], one) for one in ended if one.id in at]
    timed.sort(key=lambda pair: (pair[0], pair[1].id))
    return SoakInput(soak.environment, soak.hours, _runs(timed, release_digest))


def _runs(ended: list[tuple[str, Promotion]], release_digest: str) -> tuple[RunInput, ...]:
    """ended: the promotions of one environment with the time of their end, the first first."""
    runs: list[RunInput] = []
    for at, one in ended:
        is_it = one.release_digest == release_digest
        runs_now = bool(runs) and runs[-1].until is None
        if one.state is State.FAILED:
            if is_it and runs_now:
                runs[-1] = msgspec.structs.replace(runs[-1], failed_at=at)
        elif is_it and not runs_now:
            runs.append(RunInput(deployment=one.deployment or "", since=at))
        elif not is_it and runs_now:
            runs[-1] = msgspec.structs.replace(runs[-1], until=at)
    return tuple(reversed(runs))
