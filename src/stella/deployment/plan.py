"""What will happen, on which target, as data: shown, hashed, approved, then carried out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from stella.deployment.errors import ImpossiblePlan
from stella.environment.model import Environment, StepUse, Target
from stella.kernel import Digest, Json, Remedy, canonical_json
from stella.plugin.contract.core import Capability, Kind, Need
from stella.plugin.contract.target import (
    Action,
    ServicePlan,
    TargetConnector,
    TargetIntent,
    TargetPlan,
)
from stella.plugin.order import PluginReference
from stella.plugin.reached import Reach, reach_spec, read_reach
from stella.release.model import Release, ReleaseComponent
from stella.release.variables.resolve import Place, fill

OpenConnector = Callable[[str], TargetConnector]
"""Handed in from outside: the connector of a kind. Raises UnknownConnector."""
PluginOf = Callable[[Kind, str], PluginReference | None]
"""Handed in from outside: who brings a target or a step; None for one that comes with the server."""


def comes_along(_: Kind, __: str) -> None:
    """Where everything comes with the server."""


@dataclass(frozen=True, slots=True)
class StepOffer:
    """Who brings a step now, in which version, and how often a call of it may be tried.

    wheel: what was installed, and what that may do; None for one that comes with the server.
    """

    plugin: str
    version: str
    attempts_max: int
    wheel: PluginReference | None = None


FindStep = Callable[[str], StepOffer]
"""Handed in from outside. Raises UnknownConnector."""


class _Document(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A part of the signed plan: camel case outside, unknown keys refused."""


class PlannedService(_Document, frozen=True):
    """One component on one target. image: by digest."""

    component: str
    image: str
    digest: str
    platform_digests: tuple[str, ...]
    settings: dict[str, Any]


class PlannedAction(_Document, frozen=True):
    """One step on the host."""

    verb: str
    subject: str
    argv: tuple[str, ...] = ()


class PlannedPlugin(_Document, frozen=True):
    """Who brings a connector that is not installed beside the server: this version, and no other.

    granted: what it may do: capability -> hosts.
    """

    name: str
    version: str
    wheel: str
    granted: dict[str, tuple[str, ...]]


class PlannedTarget(_Document, frozen=True):
    """Everything that one target is given, but for the deployment's id.

    plugin: left out where the connector comes with the server and the agent, so that such a plan has
    the bytes that it always had; and so is reach, where the host is the agent's own.
    """

    target: str
    connector: str
    agent: str
    project: str
    services: tuple[PlannedService, ...]
    config: dict[str, Any]
    actions: tuple[PlannedAction, ...]
    files: dict[str, str]
    plugin: PlannedPlugin | msgspec.UnsetType = msgspec.UNSET
    reach: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class PlannedRelease(_Document, frozen=True):
    """Which release."""

    id: str
    name: str
    version: str
    digest: str


class PlannedStep(_Document, frozen=True):
    """What is done before the targets or after them. phase: "before" or "after".

    plugin, version: who brings it, and in that version it is run, whatever is used then.
    plugin_wheel: from which wheel, and with which grants; left out where it comes with the server.
    """

    phase: str
    name: str
    step: str
    plugin: str
    version: str
    attempts_max: int
    inputs: dict[str, Any]
    plugin_wheel: PlannedPlugin | msgspec.UnsetType = msgspec.UNSET


class DeploymentPlan(_Document, frozen=True):
    """The whole deployment. The same release, configuration and plugins give the same bytes."""

    environment: str
    release: PlannedRelease
    targets: tuple[PlannedTarget, ...]
    steps: tuple[PlannedStep, ...] = ()
    schema: int = 1

    def target(self, name: str) -> PlannedTarget | None:
        """The part of the plan for one target."""
        return next((one for one in self.targets if one.target == name), None)

    def step(self, name: str) -> PlannedStep | None:
        """The step of that name."""
        return next((one for one in self.steps if one.name == name), None)


def plan_deployment(
    release: Release,
    environment: Environment,
    targets: tuple[Target, ...],
    open_connector: OpenConnector,
    find_step: FindStep,
    *,
    plugin_of: PluginOf = comes_along,
) -> bytes:
    """The plan as canonical JSON. Targets go in order of name, steps as the environment has them.

    Raises ImpossiblePlan, also where a variable is missing; UnknownConnector, and what a connector
    refuses in a configuration.
    """
    components = {one.name: one for one in release.components}
    _refuse_gaps(environment, components, targets)
    environment, targets = with_variables(release, environment, targets)
    planned = []
    for target in sorted(targets, key=lambda one: one.name):
        services = [
            _service(one, target)
            for name, one in sorted(components.items())
            if not target.components or name in target.components
        ]
        intent = _intent("", release, target, tuple(services))
        connector, plugin = (
            open_connector(target.connector),
            plugin_of(Kind.TARGET, target.connector),
        )
        planned.append(_planned(target, intent, connector.plan(intent), plugin))
    plan = DeploymentPlan(
        environment=environment.name,
        release=PlannedRelease(release.id, release.name, release.version, release.digest),
        targets=tuple(planned),
        steps=(
            *(_step("before", one, find_step(one.step)) for one in environment.steps_before),
            *(_step("after", one, find_step(one.step)) for one in environment.steps_after),
        ),
    )
    plain: dict[str, Json] = msgspec.to_builtins(plan)
    if not plan.steps:
        del plain["steps"]  # as it was before there were any: its digest stays what it was
    return canonical_json(plain)


def with_variables(
    release: Release, environment: Environment, targets: tuple[Target, ...]
) -> tuple[Environment, tuple[Target, ...]]:
    """Both with each placeholder replaced by what the release's variables say there.

    Raises ImpossiblePlan with every name that stands for nothing.
    """
    faults: list[str] = []

    def filled(where: str, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
        found = fill(config, release.variables, place)
        faults.extend(f"{where}: {why}" for why in found.faults)
        return found.config

    here = Place(release.name, environment.name, channel=release.channel)

    def steps(uses: tuple[StepUse, ...]) -> tuple[StepUse, ...]:
        return tuple(
            replace(one, inputs=filled(f"step {one.name}", one.inputs, here)) for one in uses
        )

    ready = replace(
        environment,
        steps_before=steps(environment.steps_before),
        steps_after=steps(environment.steps_after),
    )
    placed = tuple(
        replace(
            one,
            config=filled(
                f"target {one.name}", one.config, one.place(release.name, release.channel)
            ),
        )
        for one in targets
    )
    if faults:
        what = f"{release.name} {release.version} in revision {release.revision}"
        raise ImpossiblePlan(
            f"{what} cannot be deployed to {environment.name}: {'; '.join(faults[:20])}",
            remedy=Remedy(
                "Apply the variables, then give the release a revision with them.",
                command=f"stella release revise {release.id} -m REASON",
            ),
            environment=environment.name,
            release=release.id,
            faults=faults[:100],
        )
    return ready, placed


def read_plan(content: bytes) -> DeploymentPlan:
    """A plan that ``plan_deployment`` wrote."""
    return msgspec.json.decode(content, type=DeploymentPlan)


def intent_of(plan: DeploymentPlan, target: PlannedTarget, deployment: str) -> TargetIntent:
    """What an order tells the agent to bring about, now with the deployment's id."""
    return intent_of_parts(plan.environment, plan.release, target, deployment)


def intent_of_parts(
    environment: str, release: PlannedRelease, target: PlannedTarget, deployment: str
) -> TargetIntent:
    """A target's part of a plan as an intent."""
    return TargetIntent(
        deployment=deployment,
        release=release.id,
        release_digest=Digest(release.digest),
        version=release.version,
        environment=environment,
        target=target.target,
        project=target.project,
        services=tuple(
            ServicePlan(
                component=one.component,
                image=one.image,
                digest=Digest(one.digest),
                platform_digests=tuple(Digest(text) for text in one.platform_digests),
                settings=one.settings,
            )
            for one in target.services
        ),
        config=target.config,
    )


def target_plan_of(target: PlannedTarget) -> TargetPlan:
    """The actions and files as the connector planned them."""
    return TargetPlan(
        connector=target.connector,
        target=target.target,
        actions=tuple(Action(one.verb, one.subject, one.argv) for one in target.actions),
        files=target.files,
    )


def _step(phase: str, use: StepUse, offer: StepOffer) -> PlannedStep:
    return PlannedStep(
        phase=phase,
        name=use.name,
        step=use.step,
        plugin=offer.plugin,
        version=offer.version,
        attempts_max=offer.attempts_max,
        inputs=dict(use.inputs),
        plugin_wheel=planned_plugin(offer.wheel),
    )


def _service(component: ReleaseComponent, target: Target) -> ServicePlan:
    services = target.config.get("services")
    given: Json = services.get(component.name, {}) if isinstance(services, Mapping) else {}
    return ServicePlan(
        component=component.name,
        image=component.pinned,
        digest=Digest(component.digest),
        platform_digests=tuple(Digest(one.digest) for one in component.platforms),
        settings=given if isinstance(given, Mapping) else {},
    )


def _intent(
    deployment: str, release: Release, target: Target, services: tuple[ServicePlan, ...]
) -> TargetIntent:
    return TargetIntent(
        deployment=deployment,
        release=release.id,
        release_digest=Digest(release.digest),
        version=release.version,
        environment=target.environment,
        target=target.name,
        project=target.project,
        services=services,
        config=target.config,
    )


def plugin_of_target(target: PlannedTarget) -> PluginReference | None:
    """Who brings its connector; None where it comes with the agent."""
    return None if target.plugin is msgspec.UNSET else _reference(target.plugin)


def reach_of_target(target: PlannedTarget) -> Reach | None:
    """The way to its host from the agent; None where that is the agent's own."""
    return None if target.reach is msgspec.UNSET else read_reach(target.reach)


def plugin_of_step(step: PlannedStep) -> PluginReference | None:
    """Who brings it; None where it comes with the server, or the plan is older than this was noted."""
    return None if step.plugin_wheel is msgspec.UNSET else _reference(step.plugin_wheel)


def _reference(planned: PlannedPlugin) -> PluginReference:
    return PluginReference(
        planned.name,
        planned.version,
        Digest(planned.wheel),
        tuple(Need(Capability(name), hosts) for name, hosts in planned.granted.items()),
    )


def planned_plugin(plugin: PluginReference | None) -> PlannedPlugin | msgspec.UnsetType:
    """As it stands in a plan; left out where it comes with the server."""
    if plugin is None:
        return msgspec.UNSET
    return PlannedPlugin(
        plugin.name,
        plugin.version,
        plugin.wheel.text,
        {one.capability.value: one.hosts for one in plugin.granted},
    )


def _planned(
    target: Target, intent: TargetIntent, plan: TargetPlan, plugin: PluginReference | None
) -> PlannedTarget:
    return PlannedTarget(
        target=target.name,
        connector=target.connector,
        agent=target.agent,
        project=target.project,
        services=tuple(
            PlannedService(
                component=one.component,
                image=one.image,
                digest=one.digest.text,
                platform_digests=tuple(digest.text for digest in one.platform_digests),
                settings=dict(one.settings),
            )
            for one in intent.services
        ),
        config=dict(target.config),
        actions=tuple(PlannedAction(one.verb, one.subject, one.argv) for one in plan.actions),
        files=dict(plan.files),
        plugin=planned_plugin(plugin),
        reach=msgspec.UNSET if target.reach is None else reach_spec(target.reach),
    )


def _refuse_gaps(
    environment: Environment,
    components: Mapping[str, ReleaseComponent],
    targets: tuple[Target, ...],
) -> None:
    """Every component has a target, and every target's components are in the release."""
    for target in targets:
        strangers = sorted(set(target.components) - set(components))
        if strangers:
            raise _impossible(
                environment, f"{target.name} wants {', '.join(strangers)}, not in the release"
            )
    if all(target.components for target in targets):
        placed = {name for target in targets for name in target.components}
        homeless = sorted(set(components) - placed)
        if homeless:
            raise _impossible(environment, f"no target takes {', '.join(homeless)}")


def _impossible(environment: Environment, why: str) -> ImpossiblePlan:
    return ImpossiblePlan(
        f"nothing can be deployed to {environment.name}: {why}",
        remedy=Remedy(
            "Let the targets' components and the release's fit.", command="stella apply -f FILE"
        ),
        environment=environment.name,
        why=why,
    )
