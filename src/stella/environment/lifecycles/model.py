"""A lifecycle: which phases a release goes through, and what each waits for. Pure."""

from collections.abc import Callable, Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import chain

import msgspec

from stella.kernel import Json

KIND = "Lifecycle"


class Phase(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """Environments that a release goes into side by side. after: the phases that come before.

    at_least: in how many of them it has to have succeeded before a phase that follows lets it in; None
    for all of them. optional: what follows waits for what comes before it alone. soak: hours that it
    has to have run in each that counts, without a failed deployment of it.
    """

    name: str
    environments: tuple[str, ...]
    after: tuple[str, ...]
    at_least: int | None = None
    optional: bool = False
    soak: int = 0

    @property
    def count(self) -> int:
        """In how many of its environments it has to have succeeded."""
        return len(self.environments) if self.at_least is None else self.at_least


class HotfixPath(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who may leave out the phases ``skip``: releases of ``channels``, and people who ask for it.

    by: names or roles.
    """

    skip: tuple[str, ...]
    channels: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


class Lifecycle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Phases in the order of the document. channels: of releases that take it.

    default: releases take it that no other lifecycle names the channel of.
    """

    phases: tuple[Phase, ...]
    channels: tuple[str, ...] = ()
    default: bool = False
    hotfix: HotfixPath | None = None

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document, each phase with what it follows."""
        plain: dict[str, Json] = msgspec.to_builtins(self)
        return plain

    @property
    def taken_by(self) -> tuple[str, ...]:
        """The channels whose releases take it, hotfixes among them."""
        more = self.hotfix.channels if self.hotfix else ()
        return tuple(dict.fromkeys((*self.channels, *more)))

    @property
    def environments(self) -> tuple[str, ...]:
        """Of all phases, in their order."""
        return tuple(chain.from_iterable(one.environments for one in self.phases))

    def phase(self, name: str) -> Phase:
        """The phase of that name, which is there."""
        return next(one for one in self.phases if one.name == name)

    def phase_of(self, environment: str) -> Phase | None:
        """The phase that an environment is in; None where it is in none."""
        return next((one for one in self.phases if environment in one.environments), None)

    def before(self, phase: Phase) -> tuple[Phase, ...]:
        """All phases that lead to it, in the order of the document."""
        found: set[str] = set()
        waiting = [*phase.after]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.phase(name).after
        return tuple(one for one in self.phases if one.name in found)

    def following(self, environment: str) -> tuple[str, ...]:
        """The environments of all phases to which that one's leads."""
        here = self.phase_of(environment)
        if here is None:
            return ()
        later = (one for one in self.phases if here in self.before(one))
        return tuple(chain.from_iterable(one.environments for one in later))

    def open_before(
        self,
        phase: Phase,
        is_done: Callable[[Phase], bool],
        skipped: Collection[str] = (),
    ) -> tuple[Phase, ...]:
        """What is still to be done before it lets a release in; nothing where it does.

        A phase that is optional or among ``skipped`` stands open only as far as what comes before it
        does.
        """
        met = self._met(phase, is_done, skipped)
        return tuple(one for one in met if not one.optional and one.name not in skipped)

    def left_out(
        self, phase: Phase, is_done: Callable[[Phase], bool], skipped: Collection[str]
    ) -> tuple[str, ...]:
        """Of ``skipped``, those without which it would not let a release in, in their order."""
        met = self._met(phase, is_done, skipped)
        return tuple(one.name for one in met if not one.optional and one.name in skipped)

    def _met(
        self, phase: Phase, is_done: Callable[[Phase], bool], skipped: Collection[str]
    ) -> list[Phase]:
        """The phases before it that are not done, back to those that are not to be passed by."""
        seen: set[str] = set()
        met: set[str] = set()
        waiting = [*phase.after]
        while waiting:
            name = waiting.pop()
            one = self.phase(name)
            if name in seen:
                continue
            seen.add(name)
            if is_done(one):
                continue
            met.add(name)
            if one.optional or name in skipped:
                waiting += one.after
        return [one for one in self.phases if one.name in met]


def taken_among(
    known: Mapping[str, tuple[Collection[str], bool]], channel: str | None
) -> str | None:
    """Which lifecycle releases of a channel take: the one that names it, else the default one.

    known: name -> the channels whose releases take it, and whether it is the default.
    """
    for name, (channels, _) in known.items():
        if channel in channels:
            return name
    return next((name for name, (_, is_default) in known.items() if is_default), None)


def circle_in(after: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The first circle of phases that follow each other, its first one again at the end; or nothing.

    after: name of a phase -> those that it follows, all of which are there.
    """
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def behind(after: Mapping[str, Collection[str]], circle: Collection[str]) -> tuple[str, ...]:
    """The phases that nothing reaches because they come after a circle, and are not in it."""
    stuck = set(circle)
    while True:
        more = {name for name, earlier in after.items() if stuck & {*earlier}} - stuck
        if not more:
            return tuple(name for name in after if name in stuck and name not in circle)
        stuck |= more
