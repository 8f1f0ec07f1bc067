"""Ask for a release in an environment, or for the way back."""

from datetime import datetime

from stella.environment.hold import hold_for_rollback
from stella.environment.model import Environment
from stella.environment.store import find_environment, list_targets
from stella.kernel import Remedy, time_text
from stella.promotion.errors import (
    EnvironmentHasNoTargets,
    EnvironmentIsBusy,
    NothingToRollBackTo,
)
from stella.promotion.expiry import expiry_of
from stella.promotion.facts import PromotionRequested
from stella.promotion.lifecycle import PROMOTION
from stella.promotion.model import Person
from stella.promotion.start_window import ANY_TIME, StartWindow, refuse_impossible
from stella.promotion.store import (
    ACTIVE,
    Promotion,
    deployed_before,
    insert_promotion,
    list_promotions,
    succeeded,
)
from stella.record.transaction import Tx
from stella.release.errors import ReleaseIsWithdrawn
from stella.release.lifecycle import ReleaseState
from stella.release.model import Release
from stella.release.store import find_release


def request_promotion(
    tx: Tx,
    person: Person,
    *,
    release: str,
    environment: str,
    reason: str = "",
    start: StartWindow = ANY_TIME,
    expires_at: datetime | None = None,
) -> Promotion:
    """Ask for ``release`` (id or name@version) in ``environment``. The gates judge it soon after.

    start: when its deployment may begin. expires_at: when it ends by itself where it has not begun;
    None: as the environment has it.

    Raises UnknownRelease, ReleaseIsWithdrawn, UnknownEnvironment, EnvironmentHasNoTargets,
    EnvironmentIsBusy, ImpossibleStart, ImpossibleExpiry.
    """
    wanted = promotable(tx, release)
    refuse_impossible(start, tx.now)
    return _requested(
        tx,
        person,
        wanted,
        environment,
        reason,
        rollback=False,
        start=start,
        expires_at=expires_at,
    )


def request_rollback(
    tx: Tx, person: Person, *, environment: str, reason: str, release: str | None = None
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
    asked = _requested(tx, person, wanted, environment, reason, rollback=True)
    hold_for_rollback(tx, environment, reason, asked.id)
    return asked


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
    rollback: bool,
    start: StartWindow = ANY_TIME,
    expires_at: datetime | None = None,
) -> Promotion:
    place = deployable(tx, environment, lock=True)
    busy = list_promotions(tx, environment=place.name, states=ACTIVE, limit=1)
    if busy:
        other = busy[0]
        raise EnvironmentIsBusy(
            f"{place.name} is busy: {other.id} is {other.state.value}",
            remedy=Remedy(
                "Wait until it has ended, or cancel it if it still waits.",
                command=f"stella why {other.id}",
            ),
            environment=place.name,
            promotion=other.id,
            state=other.state.value,
        )
    expiry = expiry_of(expires_at, place, start, tx.now)
    value = Promotion(
        id=tx.new_id("prm"),
        release=wanted.id,
        release_digest=wanted.digest,
        environment=place.name,
        state=PROMOTION.start,
        requested_by=person,
        requested_at=time_text(tx.now),
        reason=reason,
        rollback=rollback,
        not_before=time_text(start.not_before) if start.not_before else None,
        not_after=time_text(start.not_after) if start.not_after else None,
        due_at=expiry,
        expires_at=expiry,
    )
    insert_promotion(tx, value)
    tx.add(PromotionRequested(value.id, wanted.id, place.name, reason, rollback, expiry))
    return value


def _before_the_present(tx: Tx, environment: str) -> Release:
    """The last release that ran here and is another set of digests than what runs now."""
    history = deployed_before(tx, environment)
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
