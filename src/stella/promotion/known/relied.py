"""What a decision relied on beside documents: people's words, and what ran before. Pure.

Each of it was recorded as facts when it came about, and the packet has to show those facts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import UNSET

from stella.promotion.gates.soak import soaked_run
from stella.promotion.model import (
    ApprovalInput,
    BreakGlassInput,
    CommitsInput,
    Decision,
    DecisionInput,
    FreezeInput,
    OverrideInput,
    PlaceInput,
    WaiverInput,
)


@dataclass(frozen=True, slots=True)
class Ran:
    """A deployment that proves something. since: when it had ended, None where that does not matter.

    environment: None where it is not known any more.
    """

    deployment: str
    environment: str | None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Relied:
    """waivers: those that let something pass. stood_in: approvals given in the place of another.

    commits: what was recorded of who committed. broken: the break-glass by which it passed. followed:
    what an automatic promotion goes on from.
    """

    waivers: tuple[WaiverInput, ...]
    overrides: tuple[tuple[FreezeInput, OverrideInput], ...]
    stood_in: tuple[ApprovalInput, ...]
    ran: tuple[Ran, ...]
    broken: BreakGlassInput | None
    followed: Ran | None
    commits: tuple[CommitsInput, ...] = ()


def relied_on(given: DecisionInput, decision: Decision) -> Relied:
    """What ``decision`` about ``given`` relied on."""
    return Relied(
        waivers=() if decision.waivers is UNSET else decision.waivers,
        overrides=tuple(
            (freeze, one)
            for freeze in given.environment.freezes
            if freeze.overrides is not UNSET
            for one in freeze.overrides
        ),
        stood_in=tuple(one for one in given.approvals if one.stands_for is not UNSET),
        ran=_ran(given),
        broken=None if decision.break_glass is UNSET else decision.break_glass,
        followed=None
        if given.automatic is UNSET
        else Ran(given.automatic.follows, given.automatic.after),
        commits=()
        if given.commits is UNSET
        else tuple(one for one in given.commits if one.record is not UNSET),
    )


def _ran_in(place: PlaceInput) -> Iterator[Ran]:
    """That it succeeded there, and since when each time that may have counted lasted."""
    runs = () if place.runs is UNSET else place.runs
    if place.deployment is not None and place.deployment not in {one.deployment for one in runs}:
        yield Ran(place.deployment, place.environment)
    yield from (Ran(one.deployment, place.environment, one.since) for one in runs)


def _ran(given: DecisionInput) -> tuple[Ran, ...]:
    """The proofs of the order of environments and of soaking, or of what a rollback goes back to."""
    environment = given.environment
    if given.rollback and environment.ran_before:
        return (Ran(environment.ran_before, environment.name),)
    found = []
    if environment.order is not None and environment.order.deployment:
        found.append(Ran(environment.order.deployment, environment.order.after))
    if environment.lifecycle is not UNSET:
        found += [ran for place in environment.lifecycle.places for ran in _ran_in(place)]
    run = soaked_run(given)
    if run is not None and environment.soak is not UNSET:
        found.append(Ran(run.deployment, environment.soak.environment, run.since))
    return tuple(found)
