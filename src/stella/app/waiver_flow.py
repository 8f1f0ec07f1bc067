"""What follows from a waiver that came or went."""

from stella.app.carrying import Work
from stella.promotion.evaluate import evaluate_promotion
from stella.promotion.lifecycle import State
from stella.promotion.store import list_promotions
from stella.record import StoredFact


def judge_of_environment(work: Work, fact: StoredFact) -> None:
    """A waiver came or went: judge anew what waits there; what is deployed stays as it is."""
    with work.database.read(fact.tenant) as tx:
        waiting = list_promotions(
            tx, environment=str(fact.data["environment"]), states=frozenset({State.WAITING})
        )
    for promotion in waiting:
        with work.because(fact) as tx:
            evaluate_promotion(tx, promotion.id, work.deciding, work.evidence_signer)
