"""Apply environments and targets as documents say; say what that changes."""

from collections.abc import Mapping

from stella.environment.document import malformed, parse_environment, parse_target
from stella.environment.errors import EnvironmentLoop, UnknownEnvironment
from stella.environment.facts import EnvironmentApplied, TargetApplied
from stella.environment.model import Environment, Target
from stella.environment.store import (
    find_environment,
    list_environments,
    list_targets,
    put_environment,
    put_target,
)
from stella.hub.apply import Brought
from stella.hub.document import config_faults
from stella.kernel import Json, NotCanonical, Remedy, digest_of
from stella.kernel.change import Change, changed
from stella.plugin.contract.core import Kind
from stella.policy.store import has_policy
from stella.record.transaction import Tx


def apply_environment(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change an environment. Raises MalformedDocument, EnvironmentLoop."""
    value = parse_environment(name, spec)
    _refuse_unsignable("Environment", name, value.spec())
    known = {one.name: one for one in list_environments(tx)}
    if value.after is not None and value.after != name and value.after not in known:
        raise malformed("Environment", name, f"it comes after {value.after!r}, which is not there")
    refuse_loop(value, known)
    if not has_policy(tx, value.policy):
        raise malformed("Environment", name, f"there is no policy {value.policy[:80]!r}")
    before = known.get(name)
    change = changed("Environment", name, before.spec() if before else None, value.spec())
    if change.change != "unchanged":
        put_environment(tx, value)
        tx.add(EnvironmentApplied(name, change.change, digest_of(value.spec()).text))
    return change


def apply_target(tx: Tx, name: str, spec: Mapping[str, Json], brought: Brought) -> Change:
    """Make or change a target. brought: what plugins bring.

    Raises MalformedDocument, also where its environment or its connector is not there, or the
    connector does not take its configuration.
    """
    value = parse_target(name, spec)
    contribution = brought.get((Kind.TARGET, value.connector))
    if contribution is None:
        known = ", ".join(sorted(one for kind, one in brought if kind is Kind.TARGET))
        why = f"there is no connector {value.connector[:80]!r} (known: {known})"
        raise malformed("Target", name, why)
    faults = list(config_faults(value.config, contribution))
    if faults:
        raise malformed("Target", name, "; ".join(faults))
    _refuse_unsignable("Target", name, value.spec())
    try:
        find_environment(tx, value.environment)
    except UnknownEnvironment:
        raise malformed("Target", name, f"no environment {value.environment!r}") from None
    before = next((one for one in list_targets(tx) if one.name == name), None)
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


def _refuse_same_place(tx: Tx, value: Target) -> None:
    """Two targets with one project on one agent would remove each other's containers."""
    for other in list_targets(tx):
        if other.name != value.name and (other.agent, other.project) == (
            value.agent,
            value.project,
        ):
            raise malformed(
                "Target",
                value.name,
                f"the target {other.name!r} has the project {value.project!r} on that agent",
            )


def _refuse_unsignable(kind: str, name: str, spec: Mapping[str, Json]) -> None:
    """What is deployed is signed, and signed JSON holds no floats."""
    try:
        digest_of(spec)
    except NotCanonical as error:
        raise malformed(kind, name, str(error)) from None
