"""What waits is judged anew where something it rests on came or went."""

from stella.app.carrying import Work
from stella.promotion.evaluate import evaluate_promotion
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion, list_promotions
from stella.record import StoredFact

_WAITS = frozenset({State.WAITING})
_IS_UNDECIDED = frozenset({State.EVALUATING, State.WAITING})


def judge_of_environment(work: Work, fact: StoredFact) -> None:
    """A waiver came or went: judge anew what waits there; what is deployed stays as it is."""
    with work.database.read(fact.tenant) as tx:
        waiting = list_promotions(tx, environment=str(fact.data["environment"]), states=_WAITS)
    _judge(work, fact, waiting)


def judge_of_release(work: Work, fact: StoredFact) -> None:
    """A release was withdrawn: what waits with it ends, and its environment is free again."""
    with work.database.read(fact.tenant) as tx:
        waiting = list_promotions(tx, release=fact.subject, states=_IS_UNDECIDED)
    _judge(work, fact, waiting)


def _judge(work: Work, fact: StoredFact, waiting: tuple[Promotion, ...]) -> None:
    for promotion in waiting:
        with work.because(fact) as tx:
            evaluate_promotion(tx, promotion.id, work.deciding, work.evidence_signer)
