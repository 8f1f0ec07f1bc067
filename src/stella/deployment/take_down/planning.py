"""What a take-down would do now: found from what deployments began there, and is still there."""

from collections import Counter
from dataclasses import dataclass

import msgspec

from stella.blob import Blobs
from stella.deployment.plan import (
    OpenConnector,
    PlannedAction,
    PlannedTarget,
    PluginOf,
    intent_of_parts,
    planned_plugin,
    reach_of_target,
    read_plan,
)
from stella.deployment.store import TargetDeployment
from stella.deployment.take_down.begun import begun_in
from stella.deployment.take_down.plan import TakeDownPlan, TakenTarget
from stella.environment.model import Target
from stella.environment.store import target_named
from stella.kernel import Digest, Json, Remedy
from stella.plugin.contract.core import Kind
from stella.plugin.contract.target import TakesDown, taking_down
from stella.plugin.reached import reach_spec
from stella.plugin.refusals import CannotTakeDown, NotSupported
from stella.record.transaction import Tx
from stella.trust import Signer


@dataclass(frozen=True, slots=True)
class Removing:
    """What a take-down needs from outside. simulated: the hosts are stand-ins."""

    blobs: Blobs
    signer: Signer
    open_connector: OpenConnector
    plugin_of: PluginOf
    simulated: bool


def plan_take_down(tx: Tx, environment: str, removing: Removing) -> TakeDownPlan:
    """What would be taken away there now; no targets where nothing was begun.

    Raises CannotTakeDown, and what a connector refuses in a configuration.
    """
    targets, places = [], Counter[str]()
    for one in begun_in(tx, environment):
        places[one.target] += 1
        number = places[one.target]
        # No target can have a name with a dot.
        name = one.target if number == 1 else f"{one.target}.{number}"
        targets.append(_taken(one, name, removing, target_named(tx, one.target)))
    return TakeDownPlan(environment, tuple(targets))


def _taken(
    begun: TargetDeployment, name: str, removing: Removing, today: Target | None
) -> TakenTarget:
    """What goes at its place. name: the target's, made different where it stood for other places too.

    today: as it is now. Where that is the same host, the way there is today's: an account or a host key
    may have changed since.
    """
    deployed = read_plan(removing.blobs.get(Digest(begun.plan)))
    there = deployed.target(begun.target)
    assert there is not None, "a target deployment follows a plan that has its target"
    there = msgspec.structs.replace(there, target=name)
    intent = intent_of_parts(deployed.environment, deployed.release, there, "")
    connector = _taking(there, removing)
    try:
        plan = connector.plan_removal(intent)
    except NotSupported as refusal:
        raise _cannot(there) from refusal
    return TakenTarget(
        target=there.target,
        deployment=begun.deployment,
        release=deployed.release,
        connector=there.connector,
        agent=there.agent,
        project=there.project,
        services=there.services,
        config=there.config,
        actions=tuple(PlannedAction(one.verb, one.subject, one.argv) for one in plan.actions),
        files=dict(plan.files),
        plugin=planned_plugin(removing.plugin_of(Kind.TARGET, there.connector)),
        reach=_way_today(there, today),
    )


def _way_today(there: PlannedTarget, today: Target | None) -> dict[str, Json] | msgspec.UnsetType:
    deployed = reach_of_target(there)
    if deployed is None:
        return msgspec.UNSET
    now = today.reach if today is not None else None
    return reach_spec(now if now is not None and now.place == deployed.place else deployed)


def _taking(there: PlannedTarget, removing: Removing) -> TakesDown:
    found = taking_down(removing.open_connector(there.connector))
    if found is None:
        raise _cannot(there)
    return found


def _cannot(there: PlannedTarget) -> CannotTakeDown:
    return CannotTakeDown(
        f"the target {there.target} cannot be taken down: its connector {there.connector} was written"
        " before there were take-downs",
        remedy=Remedy("Install a version of its plugin that can.", command="stella plugin list"),
        target=there.target,
        connector=there.connector,
    )
