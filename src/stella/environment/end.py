"""End environments and targets, and what keeps them from ending: documents, people's words."""

from collections.abc import Iterator

from stella.environment.facts import EnvironmentDeleted, TargetDeleted
from stella.environment.freeze_rules import list_freeze_rules
from stella.environment.hold import find_hold
from stella.environment.lifecycles.store import lifecycles_naming
from stella.environment.store import (
    delete_environment_row,
    delete_target_row,
    find_environment,
    list_environments,
    list_freezes,
    list_targets,
    target_named,
)
from stella.hub.store import list_integrations
from stella.kernel import time_text
from stella.record.owners import forget_owner
from stella.record.transaction import Tx
from stella.release.variables.sets import variables_naming


def delete_environment(tx: Tx, name: str, *, ends_at: str | None = None) -> None:
    """It is offered no more; what happened there stays on record. Raises UnknownEnvironment.

    ends_at: where its end has come, and nobody asked.
    """
    find_environment(tx, name, lock=True)
    delete_environment_row(tx, name)
    forget_owner(tx, "Environment", name)
    tx.add(EnvironmentDeleted(name, ends_at))


def delete_target(tx: Tx, name: str) -> None:
    """Nothing is deployed to it any more."""
    found = target_named(tx, name)
    assert found is not None  # who asks has listed it in this transaction
    delete_target_row(tx, name)
    forget_owner(tx, "Target", name)
    tx.add(TargetDeleted(name, found.environment))


def words_about(tx: Tx, environment: str) -> Iterator[str]:
    """What people have said about an environment that holds now, or will."""
    held = find_hold(tx, environment)
    if held is not None:
        yield f"it is held since {held.at}"
    now = time_text(tx.now)
    for one in list_freezes(tx, environment):
        if now < min(one.ends_at, one.ended_at or one.ends_at):
            yield f"the freeze {one.id} is about it until {one.ends_at}"


def documents_naming_environment(tx: Tx, name: str) -> Iterator[str]:
    """The documents that name it."""
    yield from (f"Target {one.name} is in it" for one in list_targets(tx, name))
    for other in list_environments(tx):
        if other.after == name:
            yield f"Environment {other.name} comes after it"
        if other.soak is not None and other.soak.environment == name:
            yield f"Environment {other.name} soaks in it"
    for known in list_integrations(tx):
        if name in known.integration.environments:
            yield f"Integration {known.integration.name} is for it"
    for kept in list_freeze_rules(tx):
        if name in kept.rule.environments:
            yield f"Freeze {kept.rule.name} names it"
    yield from (f"Lifecycle {one} names it" for one in lifecycles_naming(tx, name))
    yield from (f"Variables {one} names it" for one in variables_naming(tx, "environment", name))


def documents_naming_target(tx: Tx, name: str) -> Iterator[str]:
    """The documents that name it."""
    yield from (f"Variables {one} names it" for one in variables_naming(tx, "target", name))
