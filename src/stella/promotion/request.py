"""Ask for a release in an environment, or for the way back."""

from collections.abc import Sequence
from datetime import datetime

from stella.environment.hold import hold_for_rollback
from stella.environment.lifecycles.store import lifecycle_for
from stella.environment.model import Environment
from stella.environment.store import find_environment, list_environments, list_targets
from stella.kernel import Remedy, time_text
from stella.promotion.errors import (
    AlreadyRequested,
    EnvironmentHasNoTargets,
    EnvironmentIsBusy,
    ImpossibleHotfix,
    ImpossibleSet,
    NothingToRollBackTo,
)
from stella.promotion.expiry import expiry_of
from stella.promotion.facts import PromotionRequested
from stella.promotion.gates.start_window import ANY_TIME, StartWindow, refuse_impossible
from stella.promotion.known.look_up import AGAIN
from stella.promotion.known.tickets import ChangeTicket, insert_ticket, named_ticket
from stella.promotion.lifecycle import PROMOTION
from stella.promotion.model import Person, Rank
from stella.promotion.queue import supersede_older, waiting_there
from stella.promotion.store import (
    Promotion,
    deployed_before,
    insert_promotion,
    running_in,
    succeeded,
    under_way,
)
from stella.record.transaction import Tx
from stella.release.errors import ReleaseIsWithdrawn
from stella.release.lifecycle import ReleaseState
from stella.release.model import Release
from stella.release.store import find_release

_SEVERAL_MAX = 50
WAITING_MAX = 10_000
"""Requests for one environment that have not begun."""


def request_promotion(
    tx: Tx,
    person: Person,
    *,
    release: str,
    environment: str,
    reason: str = "",
    start: StartWindow = ANY_TIME,
    expires_at: datetime | None = None,
    rank: Rank = Rank.NORMAL,
    hotfix: bool = False,
    change_ticket: str = "",
) -> Promotion:
    """Ask for ``release`` (id or name@version) in ``environment``. The gates judge it soon after.

    start: when its deployment may begin. expires_at: when it ends by itself where it has not begun;
    None: as the environment has it. rank: who goes first where several may go. hotfix: whether phases
    of its lifecycle are to be left out, as far as that lets this person. change_ticket: KEY or
    INTEGRATION:KEY, "" for none; it is looked up before the gates judge.

    Raises UnknownRelease, ReleaseIsWithdrawn, UnknownEnvironment, EnvironmentHasNoTargets,
    AlreadyRequested, EnvironmentIsBusy, ImpossibleStart, ImpossibleExpiry, ImpossibleHotfix,
    ImpossibleTicket.
    """
    assert rank is not Rank.ROLLBACK, "the way back is asked for by request_rollback"
    wanted = promotable(tx, release)
    refuse_impossible(start, tx.now)
    if hotfix:
        _refuse_impossible_hotfix(tx, person, wanted, reason)
    return _requested(
        tx,
        person,
        wanted,
        environment,
        reason,
        rank=rank,
        start=start,
        expires_at=expires_at,
        hotfix=hotfix,
        change_ticket=change_ticket,
    )


def request_several(
    tx: Tx,
    person: Person,
    *,
    release: str,
    environments: Sequence[str],
    reason: str = "",
    start: StartWindow = ANY_TIME,
    expires_at: datetime | None = None,
    rank: Rank = Rank.NORMAL,
    hotfix: bool = False,
    change_ticket: str = "",
) -> tuple[Promotion, ...]:
    """Ask for it in each of them, in the order of environments: for all of them or for none.

    Each is judged by itself; one that comes after another of them waits for that one.
    Raises ImpossibleSet, and what ``request_promotion`` raises.
    """
    if len(set(environments)) != len(environments) or not 0 < len(environments) <= _SEVERAL_MAX:
        raise ImpossibleSet(
            f"a request names from 1 to {_SEVERAL_MAX} environments, each once",
            remedy=Remedy("Name each of them once.", command="stella environment list"),
        )
    order = {one.name: number for number, one in enumerate(list_environments(tx))}
    # What is locked in one order is never waited for in a circle.
    ordered = sorted(environments, key=lambda name: (order.get(name, len(order)), name))
    return tuple(
        request_promotion(
            tx,
            person,
            release=release,
            environment=name,
            reason=reason,
            start=start,
            expires_at=expires_at,
            rank=rank,
            hotfix=hotfix,
            change_ticket=change_ticket,
        )
        for name in ordered
    )


def request_rollback(
    tx: Tx,
    person: Person,
    *,
    environment: str,
    reason: str,
    release: str | None = None,
    change_ticket: str = "",
) -> Promotion:
    """Ask for what ran before, or for an earlier ``release`` that ran here; the same road back.

    It holds the environment, so that nothing goes forward again by itself.

    Raises NothingToRollBackTo, and what ``request_promotion`` raises.
    """
    find_environment(tx, environment)
    if release is None:
        wanted = _before_the_present(tx, environment)
    else:
        wanted = promotable(tx, release)
        if succeeded(tx, release_digest=wanted.digest, environment=environment) is None:
            raise _nothing(environment, f"{wanted.name} {wanted.version} never ran in it")
        now = running_in(tx, environment)
        if now is not None and now.release_digest == wanted.digest:
            # With other variables it is no way back: that goes through every gate.
            raise _nothing(environment, f"{wanted.name} {wanted.version} is what runs in it")
    asked = _requested(
        tx, person, wanted, environment, reason, rank=Rank.ROLLBACK, change_ticket=change_ticket
    )
    hold_for_rollback(tx, environment, reason, asked.id)
    return asked


def request_automatic(
    tx: Tx, system: Person, release: Release, environment: str, reason: str, *, follows: str
) -> Promotion:
    """Ask for what nobody asked for. follows: the deployment of it in the environment before.

    Raises what ``request_promotion`` raises.
    """
    return _requested(tx, system, release, environment, reason, rank=Rank.NORMAL, follows=follows)


def promotable(tx: Tx, release: str) -> Release:
    """The release, if it may still be promoted. Raises UnknownRelease, ReleaseIsWithdrawn."""
    wanted = find_release(tx, release)
    if wanted.state is ReleaseState.WITHDRAWN:
        raise ReleaseIsWithdrawn(
            f"{wanted.name} {wanted.version} was withdrawn",
            remedy=Remedy("Promote another release.", command="stella release list"),
            release=wanted.id,
        )
    return wanted


def deployable(tx: Tx, environment: str, *, lock: bool = False) -> Environment:
    """The environment, if there is somewhere to deploy to in it.

    Raises UnknownEnvironment, EnvironmentHasNoTargets.
    """
    place = find_environment(tx, environment, lock=lock)
    if not list_targets(tx, place.name):
        raise EnvironmentHasNoTargets(
            f"{place.name} has no targets, so nothing can be deployed to it",
            remedy=Remedy("Apply a document of kind Target.", command="stella apply -f FILE"),
            environment=place.name,
        )
    return place


def _requested(
    tx: Tx,
    person: Person,
    wanted: Release,
    environment: str,
    reason: str,
    *,
    rank: Rank,
    start: StartWindow = ANY_TIME,
    expires_at: datetime | None = None,
    follows: str | None = None,
    hotfix: bool = False,
    change_ticket: str = "",
) -> Promotion:
    place = deployable(tx, environment, lock=True)
    is_rollback = rank is Rank.ROLLBACK
    refuse_repeated(tx, place.name, wanted.digest, is_rollback=is_rollback)
    _refuse_too_many(tx, place)
    expiry = expiry_of(expires_at, place, start, tx.now)
    named = named_ticket(tx, person, place.name, change_ticket) if change_ticket else None
    value = Promotion(
        id=tx.new_id("prm"),
        release=wanted.id,
        release_digest=wanted.digest,
        environment=place.name,
        state=PROMOTION.start,
        requested_by=person,
        requested_at=time_text(tx.now),
        reason=reason,
        rollback=is_rollback,
        not_before=time_text(start.not_before) if start.not_before else None,
        not_after=time_text(start.not_after) if start.not_after else None,
        due_at=expiry,
        expires_at=expiry,
        rank=rank,
        follows=follows,
        hotfix=hotfix,
    )
    insert_promotion(tx, value)
    ticket = named and ChangeTicket(value.id, *named, due_at=time_text(tx.now + AGAIN))
    if ticket:
        insert_ticket(tx, ticket)
    tx.add(
        PromotionRequested(
            value.id,
            wanted.id,
            place.name,
            reason,
            is_rollback,
            not_before=value.not_before,
            not_after=value.not_after,
            expires_at=expiry,
            priority=rank.word,
            follows=follows,
            hotfix=hotfix,
            change_ticket=ticket.name if ticket else None,
        )
    )
    if place.promotions.supersedes_older:
        supersede_older(tx, value, wanted)
    return value


def refuse_repeated(tx: Tx, environment: str, release_digest: str, *, is_rollback: bool) -> None:
    """Return where nobody asks for the same there; the caller holds its row. Raises AlreadyRequested."""
    for other in under_way(tx, environment, release_digest):
        if other.rollback == is_rollback:
            raise AlreadyRequested(
                f"{environment} is promised these images already: {other.id} is {other.state.value}",
                remedy=Remedy(
                    "Wait until it has ended, or cancel it if it has not begun.",
                    command=f"stella why {other.id}",
                ),
                environment=environment,
                promotion=other.id,
                state=other.state.value,
            )


def _refuse_impossible_hotfix(tx: Tx, person: Person, wanted: Release, reason: str) -> None:
    """Return where a rule may let it leave phases out; the gates ask again whether it does."""
    taken = lifecycle_for(tx, wanted.channel)
    path = taken.lifecycle.hotfix if taken else None
    what = f"{wanted.name} {wanted.version}"
    if taken is None:
        why = f"{what} takes no lifecycle"
    elif path is None:
        why = f"{taken.name}, which {what} takes, has no way for hotfixes"
    elif wanted.channel in path.channels:
        return  # such a release leaves them out, whoever asks
    elif not {person.name, *person.roles} & {*path.by}:
        why = f"{taken.name} lets {', '.join(path.by) or 'nobody'} ask for a hotfix"
    elif not reason.strip():
        why = "no reason is given"
    else:
        return
    raise ImpossibleHotfix(
        f"it cannot be asked for as a hotfix: {why}",
        remedy=Remedy(
            "Give a reason; see who may ask for one.",
            command=f"stella lifecycle show {taken.name}" if taken else "stella lifecycle list",
        ),
        release=wanted.id,
        lifecycle=taken.name if taken else None,
    )


def _refuse_too_many(tx: Tx, place: Environment) -> None:
    waiting = waiting_there(tx, place.name)
    if waiting >= WAITING_MAX:
        raise EnvironmentIsBusy(
            f"{place.name} is busy: {waiting} requests wait for it already",
            remedy=Remedy(
                "Cancel what nobody needs, or let newer requests supersede older ones.",
                command=f"stella promotion list --env {place.name}",
            ),
            environment=place.name,
            waiting=waiting,
        )


def _before_the_present(tx: Tx, environment: str) -> Release:
    """The last release that ran here and is another set of digests than what runs now."""
    history = deployed_before(tx, environment)
    if history and running_in(tx, environment) is None:
        raise _nothing(environment, "what ran in it was taken down")
    for earlier in history[1:]:
        if earlier.release_digest == history[0].release_digest:
            continue
        found = find_release(tx, earlier.release)
        if found.state is ReleaseState.SEALED:
            return found
    raise _nothing(environment, "no other release ran in it before" if history else "nothing runs")


def _nothing(environment: str, why: str) -> NothingToRollBackTo:
    return NothingToRollBackTo(
        f"{environment} cannot be rolled back: {why}",
        remedy=Remedy("Promote a release instead.", command="stella release list"),
        environment=environment,
    )
