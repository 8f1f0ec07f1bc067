"""Ask for what nobody asked for: what runs in the environment before goes on by itself."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from stella.environment.hold import find_hold
from stella.environment.model import Automatic, Environment, Pick
from stella.environment.store import find_environment, list_targets
from stella.kernel import time_text
from stella.promotion.known.opened import newest_open
from stella.promotion.model import AutomaticInput, HoldInput, Person, RunsInput
from stella.promotion.request import request_automatic
from stella.promotion.store import (
    Promotion,
    is_newer_under_way,
    last_request,
    promotion_of,
    running_in,
    under_way,
)
from stella.record.transaction import Tx
from stella.release.lifecycle import ReleaseState
from stella.release.store import find_release

NameOf: TypeAlias = Callable[[str], str]
"""A user's id -> their name."""


def follow(tx: Tx, name: str, system: Person, *, since: str | None = None) -> Promotion | None:
    """Ask for what runs in the environment before, or has come through the phases before, where
    ``name`` takes that by itself; else None.

    since: when its hold ended; what was asked for before that may be asked for once more.
    Raises EnvironmentIsBusy.
    """
    place = find_environment(tx, name, lock=True)
    rule = place.promotions.automatic
    if rule is None or find_hold(tx, name) is not None or not list_targets(tx, name):
        return None
    if place.is_over(time_text(tx.now)):
        return None  # nothing is let in any more
    there = newest_open(tx, name) if rule.after is None else running_in(tx, rule.after)
    if there is None or not _is_wanted(tx, place, rule, there, since):
        return None
    release = find_release(tx, there.release)
    if release.state is not ReleaseState.SEALED:
        return None
    assert there.deployment is not None, "what runs was deployed"
    return request_automatic(
        tx,
        system,
        release,
        name,
        f"{release.name} {release.version} runs in {there.environment}",
        follows=there.deployment,
    )


def _is_wanted(
    tx: Tx, place: Environment, rule: Automatic, there: Promotion, since: str | None
) -> bool:
    """Once for each set of digests, until the environment has moved on, and nothing older."""
    here = running_in(tx, place.name)
    if here is not None and here.release_digest == there.release_digest:
        return False
    if under_way(tx, place.name, there.release_digest):
        return False
    if rule.pick is Pick.NEWEST and (
        (here is not None and here.release > there.release)
        or is_newer_under_way(tx, place.name, there.release)
    ):
        return False
    last = last_request(tx, place.name, there.release_digest)
    if last is None or (since is not None and last.requested_at < since):
        return True
    return here is not None and _has_moved_on(last, here)


def _has_moved_on(last: Promotion, here: Promotion) -> bool:
    """Whether what runs came after what was asked for then."""
    if last.deployment is not None and here.deployment is not None:
        return here.deployment > last.deployment
    return here.id > last.id


def automatic_input(
    tx: Tx, promotion: Promotion, environment: Environment, name_of: NameOf
) -> AutomaticInput | msgspec.UnsetType:
    """What its being asked for rests on; nothing where a person asked."""
    if promotion.follows is None:
        return msgspec.UNSET
    rule, held = environment.promotions.automatic, find_hold(tx, environment.name)
    after = None if rule is None else rule.after or _came_from(tx, promotion.follows)
    return AutomaticInput(
        follows=promotion.follows,
        after=after,
        pick=rule.pick.value if rule else None,
        there=_runs(tx, after) if after else None,
        here=_runs(tx, environment.name),
        hold=HoldInput(held.at, name_of(held.by), held.reason) if held else msgspec.UNSET,
    )


def _came_from(tx: Tx, deployment: str) -> str | None:
    """Where it was deployed; by phases that is one of several."""
    found = promotion_of(tx, deployment)
    return None if found is None else found.environment


def _runs(tx: Tx, environment: str) -> RunsInput | None:
    found = running_in(tx, environment)
    if found is None:
        return None
    release = find_release(tx, found.release)
    return RunsInput(release.id, release.name, release.version, release.digest)
