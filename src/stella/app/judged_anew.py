"""What waits is judged anew where something it rests on came or went."""

from stella.app.carrying import Work
from stella.environment.lifecycles.store import list_lifecycles
from stella.environment.oncall.store import environments_naming
from stella.environment.store import list_environments
from stella.promotion.evaluate import evaluate_promotion, waits_for_scan
from stella.promotion.known.committed import asks_for_authors
from stella.promotion.known.look_up import waits_for_ticket
from stella.promotion.lifecycle import NOT_BEGUN, State
from stella.promotion.store import Promotion, every_promotion, find_promotion
from stella.record import StoredFact

_WAITS = frozenset({State.WAITING, State.SCHEDULED})


def judge_of_environment(work: Work, fact: StoredFact) -> None:
    """A waiver came or went: judge anew what waits there; what is deployed stays as it is."""
    with work.database.read(fact.tenant) as tx:
        there = str(fact.data["environment"])
        waiting = list(every_promotion(tx, environment=there, states=_WAITS))
    _judge(work, fact, waiting)


def judge_before_end(work: Work, fact: StoredFact) -> None:
    """An environment was given an end, or another one: judge anew what waits there until then."""
    if fact.data.get("ends_at") is None:
        return
    with work.database.read(fact.tenant) as tx:
        waiting = list(every_promotion(tx, environment=fact.subject, states=_WAITS))
    _judge(work, fact, waiting)


def judge_after(work: Work, fact: StoredFact) -> None:
    """A promotion has ended: judge anew what waits to follow it into the environments after."""
    with work.database.read(fact.tenant) as tx:
        ended = find_promotion(tx, fact.subject)
        there = ended.environment
        after = {one.name: None for one in list_environments(tx) if one.after == there}
        for lifecycle in list_lifecycles(tx).values():
            after |= dict.fromkeys(lifecycle.following(there))
        waiting = [
            one
            for name in after
            for one in every_promotion(tx, environment=name, states=_WAITS)
            if one.release_digest == ended.release_digest
        ]
    _judge(work, fact, waiting)


def judge_of_commits(work: Work, fact: StoredFact) -> None:
    """A repository said who committed: judge anew what waits where a rule asks for that."""
    with work.database.read(fact.tenant) as tx:
        asking = [one.name for one in list_environments(tx) if asks_for_authors(one)]
        waiting = [
            one for name in asking for one in every_promotion(tx, environment=name, states=_WAITS)
        ]
    _judge(work, fact, waiting)


def judge_of_lifecycle(work: Work, fact: StoredFact) -> None:
    """A lifecycle came, went or was changed: judge anew all that waits."""
    with work.database.read(fact.tenant) as tx:
        waiting = list(every_promotion(tx, states=_WAITS))
    _judge(work, fact, waiting)


def judge_of_on_call(work: Work, fact: StoredFact) -> None:
    """Others are on call, or will be: judge anew what waits where a rule asks for that schedule."""
    with work.database.read(fact.tenant) as tx:
        waiting = [
            one
            for name in environments_naming(tx, fact.subject)
            for one in every_promotion(tx, environment=name, states=_WAITS)
        ]
    _judge(work, fact, waiting)


def judge_of_release(work: Work, fact: StoredFact) -> None:
    """A release was withdrawn: what waits with it ends, be it for a scan."""
    _judge(work, fact, _of_release(work, fact))


def judge_of_revision(work: Work, fact: StoredFact) -> None:
    """A release has other variables: judge anew what waits with it."""
    for promotion in _of_release(work, fact):
        judge_scanned(work, fact, promotion.id)


def judge_scanned(work: Work, fact: StoredFact, promotion: str) -> None:
    """Judge it, unless images of it are being scanned or its ticket looked up: that comes first."""
    with work.because(fact) as tx:
        found = find_promotion(tx, promotion)
        if not waits_for_scan(tx, found) and not waits_for_ticket(tx, found):
            evaluate_promotion(tx, promotion, work.deciding, work.evidence_signer)


def _of_release(work: Work, fact: StoredFact) -> list[Promotion]:
    with work.database.read(fact.tenant) as tx:
        return list(every_promotion(tx, release=fact.subject, states=frozenset(NOT_BEGUN)))


def _judge(work: Work, fact: StoredFact, waiting: list[Promotion]) -> None:
    for promotion in waiting:
        with work.because(fact) as tx:
            evaluate_promotion(tx, promotion.id, work.deciding, work.evidence_signer)
