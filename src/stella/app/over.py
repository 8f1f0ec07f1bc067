"""Environments that have an end: people are told before it, and then the server ends them by itself."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import chain

from stella.api.endings import endings_for
from stella.deployment.errors import NothingToTakeDown
from stella.deployment.take_down.begin import begin_take_down
from stella.deployment.take_down.begun import begun_in
from stella.deployment.take_down.planning import Removing
from stella.deployment.take_down.store import list_take_downs, open_take_down
from stella.environment.end import delete_environment, delete_target
from stella.environment.errors import UnknownEnvironment
from stella.environment.facts import EnvironmentEnding, EnvironmentOver
from stella.environment.model import Environment
from stella.environment.store import find_environment, list_environments, list_targets
from stella.identity import Permission
from stella.kernel import Outcome, Seen, StellaError, parse_time, time_text
from stella.promotion.lifecycle import NOT_BEGUN
from stella.promotion.model import Person
from stella.promotion.store import every_promotion
from stella.record import Database, Tx
from stella.record.read import facts_about

_WARNED_BEFORE = timedelta(hours=24)
_REASONS_MAX = 20
_SYSTEM = Person("system", "Stella")


def end_what_is_over(
    database: Database, removing: Removing, is_stopping: Callable[[], bool]
) -> int:
    """End each environment whose time is over and that nothing uses, as pruning would; how many.

    What runs there is taken down first. Where that may not be, could not be carried out, or something
    else keeps it, people are told, once for each end.
    """
    ended = 0
    with database.read() as tx:
        limited = [one for one in list_environments(tx) if one.ends_at is not None]
    for one in limited:
        if is_stopping():
            break
        with database.transaction(actor="system") as tx:
            ended += _look_after(tx, one.name, removing)
    return ended


def why_not_ended(tx: Tx, environment: Environment) -> tuple[str, ...]:
    """What keeps it from ending: what runs there, is on its way, or names it. Holds it meanwhile."""
    endings = endings_for(Permission)
    place, target = endings["Environment"], endings["Target"]
    own = [one.name for one in list_targets(tx, environment.name)]
    reasons: Iterator[str] = chain(
        place.busy(tx, environment.name),
        *(
            (
                f"Target {name}: {why}"
                for why in chain(target.busy(tx, name), target.naming(tx, name))
            )
            for name in own
        ),
        (
            why
            for why in place.naming(tx, environment.name)
            if why not in {f"Target {name} is in it" for name in own}
        ),
    )
    return tuple(dict.fromkeys(reasons))


def environments_have_ended(database: Database) -> list[Seen]:
    """No environment is there still whose end has come."""
    with database.read() as tx:
        now = time_text(tx.now)
        limited = [one for one in list_environments(tx) if one.ends_at is not None]
        over = [(one, _told(tx, one)) for one in limited if one.is_over(now)]
    return [
        Seen(
            Outcome.BLOCKED,
            f"over since {one.ends_at}; {why or 'the server has not looked at it since'}",
            "end what keeps it where that can be ended, or apply it with a later endsAt",
            one.name,
        )
        for one, why in over
    ] or [Seen(Outcome.PASS, f"{len(limited)} have an end, none is over")]


def _told(tx: Tx, environment: Environment) -> str:
    """What kept it when its end had come."""
    for one in facts_about(tx, [environment.name]):
        is_it = (one.kind, one.data.get("ends_at")) == ("EnvironmentOver", environment.ends_at)
        reasons = one.data.get("reasons")
        if is_it and isinstance(reasons, list):
            return "; ".join(map(str, reasons))
    return ""


def _look_after(tx: Tx, name: str, removing: Removing) -> bool:
    """Whether it was ended now."""
    try:
        found = find_environment(tx, name, lock=True)
    except UnknownEnvironment:
        return False
    if found.ends_at is None:
        return False
    if not found.is_over(time_text(tx.now)):
        if tx.now >= parse_time(found.ends_at) - _WARNED_BEFORE:
            _tell_once(tx, EnvironmentEnding(name, found.ends_at))
        return False
    reasons = why_not_ended(tx, found)
    if reasons and any(
        one.due_at is not None and one.due_at <= time_text(tx.now)
        for one in every_promotion(tx, environment=name, states=frozenset(NOT_BEGUN))
    ):
        return False  # what waits there is judged first, and that ends it: nobody need be told
    if reasons:
        why = _take_down(tx, name, found.ends_at, removing)
        if why is not None:
            told = (*([why] if why else []), *reasons)[:_REASONS_MAX]
            _tell_once(tx, EnvironmentOver(name, found.ends_at, told))
        return False
    for one in list_targets(tx, name):
        delete_target(tx, one.name)
    delete_environment(tx, name, ends_at=found.ends_at)
    return True


def _take_down(tx: Tx, name: str, ends_at: str, removing: Removing) -> str | None:
    """Take away what runs there: None while that is under way; why not, "" where nothing runs.

    By itself once for each end: where that did not succeed, people look first.
    """
    if open_take_down(tx, name) is not None:
        return None
    tried = [one for one in list_take_downs(tx, name, limit=20) if one.ends_at == ends_at]
    if tried and begun_in(tx, name):
        return f"the take-down {tried[0].id} {tried[0].state}"
    try:
        begin_take_down(
            tx,
            _SYSTEM,
            name,
            removing,
            reason=f"the end of {name} came at {ends_at}",
            ends_at=ends_at,
        )
    except NothingToTakeDown:
        return ""
    except StellaError as refusal:
        return str(refusal)
    return None


def _tell_once(tx: Tx, fact: EnvironmentEnding | EnvironmentOver) -> None:
    """Of each end once; one that was moved on is another."""
    kind = type(fact).__name__
    known = facts_about(tx, [fact.subject])
    if not any(one.kind == kind and one.data.get("ends_at") == fact.ends_at for one in known):
        tx.add(fact)
