"""The facts by which a packet proves what its decision relied on, and no others of their subjects."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import UNSET

from stella.promotion.absence import absences_at
from stella.promotion.model import Decision, DecisionInput
from stella.promotion.relied import Ran, Relied, relied_on
from stella.record.read import facts_about, facts_before
from stella.record.transaction import StoredFact, Tx

_CHANGES_MAX = 100


def relied_facts(tx: Tx, given: DecisionInput, decision: Decision) -> list[StoredFact]:
    """Of waivers, absences, what ran before, and the environment as it was applied last.

    What is told of the promotion and of its release is in the packet anyway.
    """
    relied = relied_on(given, decision)
    words = [*(one.id for one in relied.waivers), *_absences(tx, relied)]
    return [*facts_about(tx, words), *_of_runs(tx, relied.ran), *_applied(tx, given)]


def _absences(tx: Tx, relied: Relied) -> Iterator[str]:
    for one in relied.stood_in:
        assert one.stands_for is not UNSET, "it was given in somebody's place"
        yield from (found.id for found in absences_at(tx, one.stands_for.id, one.by.id, one.at))


def _of_runs(tx: Tx, ran: Sequence[Ran]) -> Iterator[StoredFact]:
    """That each succeeded, with which release, and since when that runs."""
    ended = _of_kind(facts_about(tx, [one.deployment for one in ran]), "DeploymentSucceeded")
    yield from ended
    promotions = [str(one.data["promotion"]) for one in ended]
    yield from _of_kind(facts_about(tx, promotions), "PromotionDeployed")
    releases = [str(one.data["release"]) for one in ended]
    yield from _of_kind(facts_about(tx, releases), "ReleaseSealed")


def _applied(tx: Tx, given: DecisionInput) -> list[StoredFact]:
    name, kind = given.environment.name, "EnvironmentApplied"
    changes = facts_before(tx, None, limit=_CHANGES_MAX, subject=name, kind=kind)
    return [one for one in changes if one.at <= given.now][:1]


def _of_kind(facts: Iterable[StoredFact], kind: str) -> list[StoredFact]:
    return [one for one in facts if one.kind == kind]
