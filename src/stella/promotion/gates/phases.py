"""Has it been through the phases before? A lifecycle's answer, from the document that it is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from stella.environment.lifecycles.model import HotfixPath, Lifecycle, Phase
from stella.promotion.gates.soak import long_enough, soaks_until
from stella.promotion.model import (
    DecisionInput,
    Gate,
    GateState,
    HotfixUse,
    LifecycleInput,
    PlaceInput,
    Reason,
)

GATE = "lifecycle"
_RULE = "lifecycle"


@dataclass(frozen=True, slots=True)
class Phased:
    """The gate's answer. hotfix: set where phases were left out without which it would not pass."""

    gate: Gate
    hotfix: HotfixUse | msgspec.UnsetType = msgspec.UNSET


def read_lifecycle(content: bytes) -> Lifecycle:
    """The document that a decision names. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(content, type=Lifecycle)


def places_before(lifecycle: Lifecycle, environment: str) -> list[tuple[Phase, str]]:
    """The environments of all phases that lead to that one's, in their order."""
    here = lifecycle.phase_of(environment)
    earlier = () if here is None else lifecycle.before(here)
    return [(phase, name) for phase in earlier for name in phase.environments]


def lifecycle_gate(given: DecisionInput, asked: LifecycleInput, lifecycle: Lifecycle) -> Phased:
    """Is its phase reached? A rollback goes back to what ran here already, which is the better proof."""
    place = given.environment
    if given.rollback and place.ran_before:
        return Phased(_passed(f"ran here before ({place.ran_before})"))
    phase = lifecycle.phase_of(place.name)
    if phase is None:
        return Phased(_nowhere(given, asked, lifecycle))
    standing = Standing(given.now, asked.places, lifecycle)
    if not lifecycle.open_before(phase, standing.is_done):
        return Phased(_passed(_said(asked.name, phase, standing)))
    skipped = _may_skip(given, asked, lifecycle.hotfix)
    open_phases = lifecycle.open_before(phase, standing.is_done, skipped)
    if open_phases:
        return Phased(_held(given, phase, standing, open_phases))
    use = HotfixUse(
        lifecycle=asked.name,
        phases=lifecycle.left_out(phase, standing.is_done, skipped),
        channel=_channel(given, lifecycle.hotfix),
        by=given.requested_by,
        reason=given.reason,
    )
    return Phased(_passed(_hotfix_said(use)), use)


def why_not_hotfix(given: DecisionInput, path: HotfixPath | None) -> str:
    """Why asking for a hotfix leaves no phase out; empty where it does, or nobody asked."""
    lifecycle = given.environment.lifecycle
    if lifecycle is msgspec.UNSET or lifecycle.hotfix is msgspec.UNSET:
        return ""
    if path is None:
        return f"{lifecycle.name} has no way for hotfixes"
    then = given.requested_by
    now = then if lifecycle.hotfix.by_now is msgspec.UNSET else lifecycle.hotfix.by_now
    for person in (then, now):
        if person is None or not {person.name, *person.roles} & {*path.by}:
            named = ", ".join(path.by) or "nobody"
            return f"{then.name} may ask for no hotfix: {lifecycle.name} names {named}"
    return ""


@dataclass(frozen=True)
class Standing:
    """Where a release stands in phases, of which it has the environments. now: RFC 3339."""

    now: str
    listed: Sequence[PlaceInput]
    lifecycle: Lifecycle

    @cached_property
    def places(self) -> dict[str, PlaceInput]:
        """By environment."""
        return {one.environment: one for one in self.listed}

    def is_done(self, phase: Phase) -> bool:
        """Whether what follows need not wait for it."""
        return len(self.done_in(phase)) >= phase.count

    def done_in(self, phase: Phase) -> list[str]:
        """Those of its environments that count for it."""
        return [name for name in phase.environments if self._is_done_in(name, phase)]

    def soaking_in(self, phase: Phase) -> dict[str, str]:
        """Those in which it runs, and not for long enough: with when that will be."""
        done = self.done_in(phase)
        found = {}
        for name in phase.environments:
            place = self.places.get(name)
            runs = place.runs if place and place.runs is not msgspec.UNSET else ()
            if phase.soak and name not in done and runs and runs[0].until is None:
                found[name] = soaks_until(runs[0], phase.soak)
        return found

    def coming_to(self, phase: Phase) -> dict[str, str]:
        """Those to which it is on its way, with the promotion."""
        counted = {*self.done_in(phase), *self.soaking_in(phase)}
        return {
            name: place.under_way
            for name in phase.environments
            if name not in counted
            and (place := self.places.get(name)) is not None
            and place.under_way is not msgspec.UNSET
        }

    def _is_done_in(self, name: str, phase: Phase) -> bool:
        place = self.places.get(name)
        if place is None or place.deployment is None:
            return False
        if not phase.soak:
            return True
        runs = () if place.runs is msgspec.UNSET else place.runs
        return long_enough(runs, phase.soak, self.now) is not None


def _may_skip(
    given: DecisionInput, asked: LifecycleInput, path: HotfixPath | None
) -> tuple[str, ...]:
    """The phases that the rule lets it leave out: people who ask, never what goes by itself."""
    if path is None or given.automatic is not msgspec.UNSET:
        return ()
    was_asked = asked.hotfix is not msgspec.UNSET and not why_not_hotfix(given, path)
    return path.skip if was_asked or _channel(given, path) is not None else ()


def _channel(given: DecisionInput, path: HotfixPath | None) -> str | None:
    """The release's channel, where that alone lets phases be left out."""
    channel = given.release.channel
    is_named = path is not None and channel is not msgspec.UNSET and channel in path.channels
    return channel if is_named and channel is not msgspec.UNSET else None


def _held(
    given: DecisionInput, phase: Phase, standing: Standing, open_phases: Sequence[Phase]
) -> Gate:
    """One reason for each phase that is open, with the least that closes it."""
    reasons = [_open_reason(given, phase, standing, one) for one in open_phases]
    waits = all(reason.outcome == GateState.WAITING.value for reason, _ in reasons)
    state = GateState.WAITING if waits else GateState.BLOCKED
    dues = [due for _, due in reasons]
    due = max((one for one in dues if one), default=None) if waits and all(dues) else None
    refused = why_not_hotfix(given, standing.lifecycle.hotfix)
    listed = tuple(reason for reason, _ in reasons)
    if refused:
        said = Reason(rule="hotfix", outcome=GateState.BLOCKED.value, message=refused)
        listed = (*listed, said)
    summary = "; ".join(reason.message for reason in listed)
    return Gate(
        name=GATE,
        state=state,
        summary=summary,
        reasons=listed,
        unblocks="; ".join(reason.fix for reason in listed if reason.fix),
        due=msgspec.UNSET if due is None else due,
    )


def _open_reason(
    given: DecisionInput, phase: Phase, standing: Standing, one: Phase
) -> tuple[Reason, str | None]:
    """What is missing in a phase; and when that comes by time alone, where it does."""
    done, soaking, coming = (
        standing.done_in(one),
        standing.soaking_in(one),
        standing.coming_to(one),
    )
    count = f"{len(done)} of {one.count} done"
    name = f"{given.release.name} {given.release.version}"
    message = f"{name} is not through {one.name}, which {phase.name} follows: {count}"
    missing = one.count - len(done)
    if missing <= len(soaking) + len(coming):
        return _coming_reason(message, soaking, coming, missing)
    left = [
        place
        for place in one.environments
        if place not in done and place not in soaking and place not in coming
    ]
    still = missing - len(soaking) - len(coming)
    wanted = _some_of(left, still)
    on_way = sorted({*soaking, *coming})
    more = f", and wait for {' and '.join(on_way)}" if on_way else ""
    commands = " ".join(f"--env {place}" for place in left[:still])
    fix = f"deploy to {wanted} first: {count}{more}; stella promote {given.release.id} {commands}"
    # What nobody asked for needs nobody: it is judged again when the release has come that far.
    waits = given.automatic is not msgspec.UNSET
    state = GateState.WAITING if waits else GateState.BLOCKED
    return Reason(rule=_RULE, outcome=state.value, message=message, fix=fix), None


def _coming_reason(
    message: str, soaking: dict[str, str], coming: dict[str, str], missing: int
) -> tuple[Reason, str | None]:
    """Enough of it soaks, or is on its way: nobody has to do anything."""
    due = sorted(soaking.values())[missing - 1] if len(soaking) >= missing else None
    if due is not None:
        fix = f"wait until {due}; it is judged again then by itself"
    else:
        fix = "wait until it has succeeded there; it is judged again then by itself"
    told = [f"soaks in {place} until {until}" for place, until in soaking.items()]
    told += [f"is on its way to {place} ({promotion})" for place, promotion in coming.items()]
    said = f"{message}; it {', '.join(told)}"
    return Reason(rule=_RULE, outcome=GateState.WAITING.value, message=said, fix=fix), due


def _some_of(names: Sequence[str], count: int) -> str:
    """All of them joined by "and", one of them by "or", or how many of them."""
    if len(names) == count:
        return " and ".join(names)
    if count == 1:
        return " or ".join(names)
    return f"{count} of {', '.join(names)}"


def _nowhere(given: DecisionInput, asked: LifecycleInput, lifecycle: Lifecycle) -> Gate:
    """Its lifecycle does not lead here."""
    channel = "" if given.release.channel is msgspec.UNSET else given.release.channel
    which = f"of the channel {channel}" if channel else "of no channel"
    said = f"{given.environment.name} is in no phase of {asked.name}, which releases {which} take"
    fix = f"promote it to {', '.join(lifecycle.environments[:3])} ..., or name the environment in"
    fix += f" a phase of {asked.name}: stella lifecycle show {asked.name}"
    reason = Reason(rule=_RULE, outcome=GateState.BLOCKED.value, message=said, fix=fix)
    return Gate(name=GATE, state=GateState.BLOCKED, summary=said, reasons=(reason,), unblocks=fix)


def _said(name: str, phase: Phase, standing: Standing) -> str:
    """By what it passes."""
    before = [standing.lifecycle.phase(one) for one in phase.after]
    if not before:
        return f"{phase.name} comes first in {name}"
    parts = [
        f"{one.name} {len(standing.done_in(one))} of {one.count}"
        + (" (optional)" if one.optional else "")
        for one in before
    ]
    return f"{phase.name} of {name} follows {', '.join(parts)}"


def _hotfix_said(use: HotfixUse) -> str:
    why = (
        f"releases of the channel {use.channel} may"
        if use.channel is not None
        else f"asked for by {use.by.name}" + (f": {use.reason}" if use.reason else "")
    )
    return f"hotfix: {', '.join(use.phases)} of {use.lifecycle} left out, {why}"


def _passed(summary: str) -> Gate:
    return Gate(name=GATE, state=GateState.PASS, summary=summary)
