"""What goes on by itself: from one environment into the next, unless somebody holds it."""

import logging

from stella.app.carrying import Work
from stella.app.judged_anew import judge_scanned
from stella.environment.errors import UnknownEnvironment
from stella.environment.store import followers
from stella.promotion.errors import EnvironmentIsBusy
from stella.promotion.follow import follow
from stella.promotion.known.opened import opened_after, opened_in
from stella.promotion.lifecycle import NOT_BEGUN, State
from stella.promotion.store import every_promotion, find_promotion
from stella.record import StoredFact

_log = logging.getLogger("stella.going_on")


def go_on_from(work: Work, fact: StoredFact) -> None:
    """Another release runs in an environment: judge what waits for that reason, and ask for what follows."""
    there = str(fact.data["environment"])
    with work.database.read(fact.tenant) as tx:
        after = [*(one.name for one in followers(tx, there)), *opened_after(tx, there)]
    for name in (there, *after):
        _judge(work, fact, name)
    for name in after:
        _follow(work, fact, name)


def go_on_through(work: Work, fact: StoredFact) -> None:
    """A lifecycle was made or changed: a phase may be open now."""
    with work.database.read(fact.tenant) as tx:
        opened = opened_in(tx, fact.subject)
    for name in opened:
        _follow(work, fact, name)


def stop_at_hold(work: Work, fact: StoredFact) -> None:
    """An environment is held: what would go into it by itself is blocked."""
    _judge(work, fact, fact.subject)


def go_on_into(work: Work, fact: StoredFact) -> None:
    """The rules of an environment may have changed: judge and ask by them."""
    _judge(work, fact, fact.subject)
    _follow(work, fact, fact.subject)


def go_on_after_hold(work: Work, fact: StoredFact) -> None:
    """A hold has ended. Where somebody moved it on, the environment is where they want it."""
    by = fact.data["promotion"]
    with work.database.read(fact.tenant) as tx:
        is_moved = by is not None and find_promotion(tx, str(by)).state is State.DEPLOYED
    if not is_moved:
        _follow(work, fact, fact.subject, since=fact.at)


def _judge(work: Work, fact: StoredFact, environment: str) -> None:
    """Judge anew what waits there though nobody asked for it."""
    with work.database.read(fact.tenant) as tx:
        waiting = every_promotion(tx, environment=environment, states=frozenset(NOT_BEGUN))
        automatic = [one.id for one in waiting if one.is_automatic]
    for promotion in automatic:
        judge_scanned(work, fact, promotion)


def _follow(work: Work, fact: StoredFact, environment: str, since: str | None = None) -> None:
    with work.because(fact) as tx:
        system = work.deciding.person_of(tx, tx.actor)
        try:
            follow(tx, environment, system, since=since)
        except UnknownEnvironment:
            return  # it was ended since
        except EnvironmentIsBusy as refusal:
            _log.warning("nothing goes on into %s: %s", environment, refusal)
