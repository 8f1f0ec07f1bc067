"""Apply environments and targets as documents say; say what that changes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from stella.environment.document import malformed, parse_environment, parse_target
from stella.environment.errors import EnvironmentLoop, TargetHeld, UnknownEnvironment
from stella.environment.facts import EnvironmentApplied, TargetApplied
from stella.environment.model import Environment, StepUse, Target
from stella.environment.oncall.model import schedule_named
from stella.environment.oncall.store import keep_schedule
from stella.environment.store import (
    find_environment,
    keep_environment,
    list_environments,
    list_targets,
    put_environment,
    put_target,
    target_named,
)
from stella.hub.apply import Brought
from stella.hub.document import config_faults
from stella.hub.model import Integration
from stella.hub.store import list_integrations
from stella.kernel import Json, NotCanonical, Remedy, canonical_json, digest_of
from stella.kernel.change import Change, changed
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.plugin.contract.core import Kind
from stella.policy.store import keep_policy
from stella.record.transaction import Tx
from stella.release.variables.resolve import torn_places

Held: TypeAlias = Callable[[Tx, Target | None, Target], Iterable[str]]
"""Handed in from the room of deployments: why a target (as it was, as it would be) cannot be put there."""

_NOTHING: Brought = MappingProxyType({})
_INPUTS_BYTES_MAX = 64 * 1024


def apply_environment(
    tx: Tx,
    name: str,
    spec: Mapping[str, Json],
    brought: Brought = _NOTHING,
    roles: frozenset[str] | None = None,
) -> Change:
    """Make or change an environment. brought: what plugins bring. roles: of the person who asks.

    Raises MalformedDocument, also with every reason against its steps; EnvironmentLoop.
    """
    value = parse_environment(name, spec)
    _refuse_unsignable("Environment", name, value.spec())
    named = {value.after, value.soak.environment if value.soak else None} - {None, name}
    for other in sorted(filter(None, named)):
        keep_environment(tx, other)  # or it could be ended at this moment
    known = {one.name: one for one in list_environments(tx)}
    before = known.get(name)
    kept = frozenset(by for _, by in uses_of(before, brought)) if before else frozenset[str]()
    faults = [*_step_faults(value, brought), *_use_faults(tx, value, brought, roles, kept)]
    if faults:
        raise malformed("Environment", name, "; ".join(faults))
    if value.after is not None and value.after != name and value.after not in known:
        raise malformed("Environment", name, f"it comes after {value.after!r}, which is not there")
    if value.soak is not None and value.soak.environment not in known:
        where = value.soak.environment
        raise malformed("Environment", name, f"it soaks in {where[:80]!r}, which is not there")
    refuse_loop(value, known)
    _refuse_unknown_schedules(tx, value)
    if not keep_policy(tx, value.policy):
        raise malformed("Environment", name, f"there is no policy {value.policy[:80]!r}")
    change = changed("Environment", name, before.spec() if before else None, value.spec())
    if change.change != "unchanged":
        put_environment(tx, value)
        whole, part = digest_of(value.spec()).text, digest_of(value.rested_on()).text
        tx.add(EnvironmentApplied(name, change.change, whole, part, value.ends_at))
    return change


def nothing_held(_: Tx, __: Target | None, ___: Target) -> Iterable[str]:
    """No reason: where nothing can have been deployed."""
    return ()


def apply_target(
    tx: Tx,
    name: str,
    spec: Mapping[str, Json],
    brought: Brought,
    held: Held = nothing_held,
) -> Change:
    """Make or change a target. brought: what plugins bring. held: what keeps it where it is.

    Raises MalformedDocument, also where its environment or its connector is not there, or the
    connector does not take its configuration; TargetHeld.
    """
    value = parse_target(name, spec)
    contribution = brought.get((Kind.TARGET, value.connector))
    if contribution is None:
        known = ", ".join(sorted(one for kind, one in brought if kind is Kind.TARGET))
        why = f"there is no connector {value.connector[:80]!r} (known: {known})"
        raise malformed("Target", name, why)
    faults = [*config_faults(value.config, contribution), *torn_places(value.config)]
    if faults:
        raise malformed("Target", name, "; ".join(faults))
    _refuse_unsignable("Target", name, value.spec())
    _refuse_held(tx, value, held)
    keep_environment(tx, value.environment)  # or it could be ended at this moment
    try:
        find_environment(tx, value.environment)
    except UnknownEnvironment:
        raise malformed("Target", name, f"no environment {value.environment!r}") from None
    before = target_named(tx, name)
    _refuse_same_place(tx, value)
    change = changed("Target", name, before.spec() if before else None, value.spec())
    if change.change != "unchanged":
        put_target(tx, value)
        digest = digest_of(value.spec()).text
        tx.add(TargetApplied(name, value.environment, change.change, digest))
    return change


def refuse_loop(value: Environment, known: Mapping[str, Environment]) -> None:
    """Return where nothing among ``known`` leads from ``value`` back to it. Raises EnvironmentLoop."""
    seen, at = [value.name], value.after
    while at is not None:
        seen.append(at)
        if at == value.name:
            raise EnvironmentLoop(
                f"environments come after each other in a circle: {' -> '.join(seen)}",
                remedy=Remedy("One of them must come first: leave out its 'after'."),
                environments=seen,
            )
        at = known[at].after if at in known and len(seen) <= len(known) + 1 else None


def _refuse_unknown_schedules(tx: Tx, value: Environment) -> None:
    """Return where every on-call schedule that its rules name is there, and stays."""
    for rule in value.approvals:
        for name in filter(None, map(schedule_named, rule.approvers)):
            if not keep_schedule(tx, name):
                why = f"the rule {rule.rule!r}: there is no on-call schedule {name[:80]!r}"
                raise malformed("Environment", value.name, why)


def _step_faults(value: Environment, brought: Brought) -> Iterator[str]:
    """Everything against its steps: their names, what brings them, their inputs."""
    used = (*value.steps_before, *value.steps_after)
    for name, count in Counter(one.name for one in used).items():
        if count > 1:
            yield f"{count} steps have the name {name[:80]!r}"
    for one in used:
        yield from (f"step {one.name[:80]!r}: {why}" for why in _faults_of_step(one, brought))


def _faults_of_step(one: StepUse, brought: Brought) -> Iterator[str]:
    if not NAME.match(one.name):
        yield BAD_NAME
    contribution = brought.get((Kind.STEP, one.step))
    if contribution is None:
        known = frozenset(name for kind, name in brought if kind is Kind.STEP)
        yield f"no plugin brings the step {one.step[:80]!r}{nearest(one.step, known)}"
        return
    if len(canonical_json(one.inputs)) > _INPUTS_BYTES_MAX:
        yield f"its inputs have more than {_INPUTS_BYTES_MAX >> 10} KiB"
        return
    yield from (
        f"with{why.removeprefix('config')}"
        for why in (*config_faults(one.inputs, contribution), *torn_places(one.inputs))
    )


def uses_of(value: Environment, brought: Brought) -> Iterator[tuple[str, str]]:
    """Which of its steps use which integrations: (name of the step, name of the integration)."""
    for one in (*value.steps_before, *value.steps_after):
        contribution = brought.get((Kind.STEP, one.step))
        for name in contribution.uses if contribution else ():
            yield one.name, str(one.inputs.get(name))


def _use_faults(
    tx: Tx,
    value: Environment,
    brought: Brought,
    roles: frozenset[str] | None,
    kept: frozenset[str],
) -> Iterator[str]:
    """Everything against the integrations that its steps are to use.

    kept: what it uses already, for which nobody's role is asked again.
    """
    found: Mapping[str, Integration] | None = None
    for one in (*value.steps_before, *value.steps_after):
        contribution = brought.get((Kind.STEP, one.step))
        uses = contribution.uses if contribution else {}
        for name, kind in uses.items():
            if not isinstance(one.inputs.get(name), str):
                continue
            if found is None:
                found = {it.integration.name: it.integration for it in list_integrations(tx)}
            by = found.get(str(one.inputs[name]))
            asked = None if by is not None and by.name in kept else roles
            why = _why_not_used(by, kind, value.name, asked)
            if why:
                yield f"step {one.name[:80]!r}: with.{name}: {why}"


def _why_not_used(
    by: Integration | None, kind: Kind, environment: str, roles: frozenset[str] | None
) -> str:
    if by is None:
        return f"there is no such integration (of the kind {kind.value})"
    if by.kind is not kind:
        return f"the integration {by.name} is a {by.kind.value}, no {kind.value}"
    if not by.serves([environment]):
        return f"the integration {by.name} is for {', '.join(by.environments)} alone"
    if not by.is_for(roles):
        return f"the integration {by.name} is to be used by {', '.join(by.roles)} alone"
    return ""


def _refuse_held(tx: Tx, value: Target, held: Held) -> None:
    """Return where it stays at its place in its environment, or nothing that runs keeps it from moving."""
    before = target_named(tx, value.name)
    if before is not None and before.is_at(value):
        return
    reasons = list(held(tx, before, value))
    if reasons:
        raise TargetHeld(
            f"the target {value.name} cannot be put there: {'; '.join(reasons)}",
            remedy=Remedy(
                "Take it down first: what runs would stay behind, and nobody would look for it.",
                command=f"stella environment take-down {(before or value).environment}"
                " --reason WHY",
            ),
            target=value.name,
            reasons=reasons,
        )


def _refuse_same_place(tx: Tx, value: Target) -> None:
    """Two targets with one project on one agent, or on one host that is reached by whichever agents,
    would remove each other's containers.
    """
    for other in list_targets(tx):
        if other.name == value.name or other.project != value.project:
            continue
        ways = (value.reach, other.reach)
        is_there = ways[0] is not None and ways[1] is not None and ways[0].is_host_of(ways[1])
        if is_there or other.agent == value.agent:
            where = "on that host" if is_there else "on that agent"
            why = f"the target {other.name!r} has the project {value.project!r} {where}"
            raise malformed("Target", value.name, why)


def _refuse_unsignable(kind: str, name: str, spec: Mapping[str, Json]) -> None:
    """What is deployed is signed, and signed JSON holds no floats."""
    try:
        digest_of(spec)
    except NotCanonical as error:
        raise malformed(kind, name, str(error)) from None
