"""The facts by which a packet proves what its decision relied on, and no others of their subjects."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import UNSET

from stella.kernel.names import address_digest
from stella.promotion.approval.absence import absences_at
from stella.promotion.gates.oncall import rosters_named
from stella.promotion.known.relied import Ran, Relied, relied_on
from stella.promotion.known.tested import tests_relied_on
from stella.promotion.model import Decision, DecisionInput
from stella.record.read import PAGE_MAX, facts_about, facts_at, facts_before, last_of_each
from stella.record.transaction import StoredFact, Tx

_OF_SCHEDULES = ("OnCallScheduleApplied", "OnCallScheduleDeleted")


def relied_facts(
    tx: Tx, given: DecisionInput, decision: Decision, *, before: int | None
) -> list[StoredFact]:
    """Of waivers, absences, test results, what ran before, and the environment as it was applied last.

    What is told of the promotion and of its release is in the packet anyway. before: the place of the
    decision in the chain.
    """
    relied = relied_on(given, decision)
    tests = (one.id for one in tests_relied_on(given))
    words = [*(one.id for one in relied.waivers), *_absences(tx, relied), *tests]
    words += [one.record for one in relied.commits if one.record is not UNSET]
    words += sorted({address_digest(it.address) for one in relied.commits for it in one.authors})
    ran = relied.ran if relied.followed is None else (*relied.ran, relied.followed)
    return [
        *facts_about(tx, words),
        *_of_runs(tx, ran),
        *_applied(tx, given, before),
        *_lifecycles(tx, before),
        *_on_call(tx, given, before),
    ]


def _on_call(tx: Tx, given: DecisionInput, before: int | None) -> Iterator[StoredFact]:
    """Of each schedule that it names, how it was applied, and which shifts were not over then."""
    since = min(given.now, *(one.at for one in given.approvals)) if given.approvals else given.now
    for name in sorted({one.schedule for one in rosters_named(given)}):
        every = _all_before(tx, before, name, "ShiftTaken")
        taken = [one for one in every if str(one.data["ends_at"]) > since]
        shifts = {one.data["shift"] for one in taken}
        yield from taken
        if shifts:
            returned = _all_before(tx, before, name, "ShiftReturned")
            yield from (it for it in returned if it.data["shift"] in shifts)
        for kind in _OF_SCHEDULES:
            yield from facts_before(tx, before, limit=PAGE_MAX, subject=name, kind=kind)


def _all_before(tx: Tx, before: int | None, name: str, kind: str) -> Iterator[StoredFact]:
    """The newest first, to the end: a shift may be taken long before it begins."""
    while page := facts_before(tx, before, limit=PAGE_MAX, subject=name, kind=kind):
        yield from page
        before = page[-1].position


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


def _applied(tx: Tx, given: DecisionInput, before: int | None) -> Sequence[StoredFact]:
    name, kind = given.environment.name, "EnvironmentApplied"
    return facts_before(tx, before, limit=1, subject=name, kind=kind)


def _lifecycles(tx: Tx, before: int | None) -> Sequence[StoredFact]:
    """As each was applied last that was not ended since: also those that are in no row any more."""
    applied = last_of_each(tx, before, "LifecycleApplied")
    ended = last_of_each(tx, before, "LifecycleDeleted")
    return facts_at(tx, [at for name, at in applied.items() if ended.get(name, 0) < at])


def _of_kind(facts: Iterable[StoredFact], kind: str) -> list[StoredFact]:
    return [one for one in facts if one.kind == kind]
