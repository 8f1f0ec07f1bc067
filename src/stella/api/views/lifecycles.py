"""Lifecycles, and where a release stands in one."""

from typing import Literal

from stella.api.views.base import View
from stella.api.views.looking import Looking
from stella.api.views.releases import ReleaseRef, release_ref
from stella.environment.lifecycles.model import KIND, Lifecycle, Phase
from stella.promotion.gates.phases import Standing
from stella.promotion.known.phased import standing_of
from stella.record.owners import owner_of
from stella.release.model import Release


class PlaceView(View):
    """One environment of a phase, and how the release stands there; null where none was asked about.

    done: it counts. soaking: it runs there, and counts at ``until``. coming: ``promotion`` would bring
    it there. open: neither.
    """

    environment: str
    state: Literal["done", "soaking", "coming", "open"] | None
    until: str | None
    promotion: str | None


class PhaseView(View):
    """One phase. count: in how many of its environments a release has to have succeeded.

    done: in how many it counts; null where no release was asked about. lets_in: whether its turn has
    come for the release, hotfixes aside. soak: hours.
    """

    name: str
    environments: list[PlaceView]
    after: list[str]
    count: int
    optional: bool
    soak: int
    can_be_left_out: bool
    done: int | None
    lets_in: bool | None


class HotfixPathView(View):
    """Who may leave phases out: releases of these channels, and people whom ``by`` names."""

    skip: list[str]
    channels: list[str]
    by: list[str]


class LifecycleView(View):
    """A lifecycle. channels: of releases that take it. default: others take it too.

    release: of which it is shown where it stands, null for none. owner: who keeps its document.
    """

    name: str
    default: bool
    channels: list[str]
    phases: list[PhaseView]
    hotfix: HotfixPathView | None
    release: ReleaseRef | None
    owner: str | None


def lifecycle_view(
    looking: Looking, name: str, lifecycle: Lifecycle, release: Release | None = None
) -> LifecycleView:
    """A lifecycle, and where ``release`` stands in it."""
    standing = None if release is None else standing_of(looking.tx, lifecycle, release.digest)
    path = lifecycle.hotfix
    return LifecycleView(
        name=name,
        default=lifecycle.default,
        channels=list(lifecycle.channels),
        phases=[_phase(lifecycle, one, standing) for one in lifecycle.phases],
        hotfix=HotfixPathView(skip=list(path.skip), channels=list(path.channels), by=list(path.by))
        if path
        else None,
        release=None if release is None else release_ref(release),
        owner=owner_of(looking.tx, KIND, name),
    )


def _phase(lifecycle: Lifecycle, one: Phase, standing: Standing | None) -> PhaseView:
    return PhaseView(
        name=one.name,
        environments=[_place(one, name, standing) for name in one.environments],
        after=list(one.after),
        count=one.count,
        optional=one.optional,
        soak=one.soak,
        can_be_left_out=bool(lifecycle.hotfix and one.name in lifecycle.hotfix.skip),
        done=None if standing is None else len(standing.done_in(one)),
        lets_in=None if standing is None else not lifecycle.open_before(one, standing.is_done),
    )


def _place(phase: Phase, name: str, standing: Standing | None) -> PlaceView:
    if standing is None:
        return PlaceView(environment=name, state=None, until=None, promotion=None)
    soaking, coming = standing.soaking_in(phase), standing.coming_to(phase)
    state: Literal["done", "soaking", "coming", "open"] = "open"
    if name in standing.done_in(phase):
        state = "done"
    elif name in soaking:
        state = "soaking"
    elif name in coming:
        state = "coming"
    return PlaceView(
        environment=name, state=state, until=soaking.get(name), promotion=coming.get(name)
    )
