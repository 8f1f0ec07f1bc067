"""Declarative documents -> lifecycles. What is wrong with one is said all at once."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

import msgspec

from stella.environment.document import malformed, read_spec
from stella.environment.errors import LifecycleLoop
from stella.environment.lifecycles.model import (
    KIND,
    HotfixPath,
    Lifecycle,
    Phase,
    behind,
    circle_in,
)
from stella.kernel import Json, Remedy
from stella.kernel.names import NAME, nearest

_PHASES_MAX = 50
_ENVIRONMENTS_MAX = 200
_CHANNELS_MAX = 50
_NAMED_MAX = 50
_WORD_CHARACTERS_MAX = 80
_SOAK_HOURS_MAX = 8760
_REASONS_MAX = 20


class _Phase(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    name: str
    environments: tuple[str, ...]
    after: tuple[str, ...] | None = None
    at_least: int | None = None
    optional: bool = False
    soak: int = 0


class _Spec(msgspec.Struct, forbid_unknown_fields=True):
    phases: tuple[_Phase, ...]
    channels: tuple[str, ...] = ()
    default: bool = False
    hotfix: HotfixPath | None = None


def parse_lifecycle(name: str, spec: Mapping[str, Json]) -> Lifecycle:
    """A phase that does not say what it follows follows the one before it.

    Raises MalformedDocument with every reason, LifecycleLoop.
    """
    read = read_spec(KIND, name, spec, _Spec)
    value = Lifecycle(
        tuple(_phases(read.phases)),
        tuple(sorted(set(read.channels))),
        read.default,
        None
        if read.hotfix is None
        else HotfixPath(
            tuple(dict.fromkeys(read.hotfix.skip)),
            tuple(sorted(set(read.hotfix.channels))),
            tuple(dict.fromkeys(read.hotfix.by)),
        ),
    )
    reasons = [*islice(_faults(value), _REASONS_MAX)]  # looking for the nearest name takes its time
    if reasons:
        raise malformed(KIND, name, "; ".join(reasons))
    _refuse_circle(name, value)
    return value


def _phases(given: tuple[_Phase, ...]) -> Iterator[Phase]:
    previous: tuple[str, ...] = ()
    for one in given:
        after = previous if one.after is None else tuple(dict.fromkeys(one.after))
        yield Phase(one.name, one.environments, after, one.at_least, one.optional, one.soak)
        previous = (one.name,)


def _faults(value: Lifecycle) -> Iterator[str]:
    if not 0 < len(value.phases) <= _PHASES_MAX:
        yield f"phases: from 1 to {_PHASES_MAX} of them"
        return
    known = frozenset(one.name for one in value.phases)
    for what, listed in (
        ("phase", [one.name for one in value.phases]),
        ("environment", value.environments),
    ):
        twice = [name for name, count in Counter(listed).items() if count > 1]
        yield from (f"the {what} {name[:80]!r} stands in it more than once" for name in twice)
    if len(value.environments) > _ENVIRONMENTS_MAX:
        yield f"it names more than {_ENVIRONMENTS_MAX} environments"
    for one in value.phases:
        yield from (f"phase {one.name[:80]!r}: {why}" for why in _faults_of(one, known))
    yield from _faults_of_channels(value.taken_by)
    if value.hotfix is not None:
        yield from (f"hotfix: {why}" for why in _faults_of_hotfix(value.hotfix, known))


def _faults_of(one: Phase, known: frozenset[str]) -> Iterator[str]:
    if not NAME.match(one.name):
        yield "it is no name"
    if not one.environments:
        yield "it has no environment"
    for name in one.after:
        if name not in known:
            yield f"it follows {name[:80]!r}, which is no phase{nearest(name, known)}"
    if one.at_least is not None and one.optional:
        yield "either atLeast or optional"
    elif one.at_least is not None and not 0 < one.at_least <= max(len(one.environments), 1):
        yield f"atLeast is from 1 to {len(one.environments)}, or nothing reaches what follows"
    if one.soak and one.optional:
        yield "nothing waits for the soak time of an optional phase"
    elif not 0 <= one.soak <= _SOAK_HOURS_MAX:
        yield f"soak is up to {_SOAK_HOURS_MAX} hours"


def _faults_of_channels(channels: tuple[str, ...]) -> Iterator[str]:
    if len(channels) > _CHANNELS_MAX:
        yield f"more than {_CHANNELS_MAX} channels"
    for channel in channels:
        if not NAME.match(channel):
            yield f"the channel {channel[:80]!r} is no name"


def _faults_of_hotfix(path: HotfixPath, known: frozenset[str]) -> Iterator[str]:
    if not path.skip:
        yield "skip names no phase"
    for name in path.skip:
        if name not in known:
            yield f"skip names {name[:80]!r}, which is no phase{nearest(name, known)}"
    if not path.channels and not path.by:
        yield "neither channels nor by says whose releases may leave phases out"
    if len(path.by) > _NAMED_MAX:
        yield f"by names more than {_NAMED_MAX}"
    if not all(0 < len(word) <= _WORD_CHARACTERS_MAX for word in path.by):
        yield f"names in by have 1 to {_WORD_CHARACTERS_MAX} characters"


def _refuse_circle(name: str, value: Lifecycle) -> None:
    after = {one.name: one.after for one in value.phases}
    circle = circle_in(after)
    if not circle:
        return
    lost = behind(after, circle)
    more = f"; nothing reaches {', '.join(lost)} either" if lost else ""
    raise LifecycleLoop(
        f"phases of the lifecycle {name} follow each other in a circle:"
        f" {' -> '.join(circle)}{more}",
        remedy=Remedy("One of them must come first: leave what it follows out of its 'after'."),
        lifecycle=name,
        phases=list(circle),
        unreachable=list(lost),
    )
