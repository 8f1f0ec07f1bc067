"""One container a component: the new one beside the old one, until it is healthy."""

import json
from collections.abc import Iterable
from typing import Any

from stella.sdk import (
    Action,
    CommandFailed,
    Digest,
    Host,
    PullDigestMismatch,
    PullFailed,
    Remedy,
    Running,
    ServicePlan,
    TargetIntent,
    TargetPlan,
    UnhealthyAfterStart,
)

_PULL_S, _COMMAND_S = 600, 60
_HEALTHY_WITHIN_S, _LOOK_EVERY_S = 120, 0.5


class ContainerTarget:
    """The target connector ``your-name``."""

    def plan(self, intent: TargetIntent) -> TargetPlan:
        """Of the intent alone: no time, no id, nothing of the host."""
        services = intent.services
        actions = [Action("pull", s.component, ("docker", "pull", s.image)) for s in services]
        actions += [Action("verify", s.component) for s in services]
        actions += [Action("start", s.component) for s in services]
        actions += [Action("wait_healthy", s.component) for s in services]
        actions += [Action("retire", intent.project)]
        # The agent itself does this one, after ``apply``.
        actions += [Action("place_sticker", "stella.version.json")]
        return TargetPlan("your-name", intent.target, tuple(actions))

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Nothing is stopped before what comes is there, verified, started and healthy."""
        del plan  # what it says follows from the intent
        for service in intent.services:
            _pull(service, host)
        wanted = {_name(intent, service): service for service in intent.services}
        before = {one["Name"].lstrip("/") for one in _containers(intent.project, host)}
        try:
            for name, service in wanted.items():
                if name not in before:  # else an earlier try of this order has begun it
                    _docker(host, "run", "--detach", f"--name={name}", *_labels(intent, service))
            for name in wanted:
                _wait_until_healthy(name, host)
        except (CommandFailed, UnhealthyAfterStart):
            for name in wanted.keys() - before:
                _docker(host, "rm", "--force", name)
            raise
        for name in before - wanted.keys():
            _docker(host, "stop", name)
            _docker(host, "rm", "--force", name)

    def plan_removal(self, intent: TargetIntent) -> TargetPlan:
        """Leave it and ``remove`` out, and nothing that you started can be taken down."""
        actions = (Action("remove", intent.project), Action("place_sticker", "stella.version.json"))
        return TargetPlan("your-name", intent.target, actions)

    def remove(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """What carries the project's label and nothing else; never a volume."""
        del plan
        for one in _containers(intent.project, host):
            name = one["Name"].lstrip("/")
            _docker(host, "stop", name)
            _docker(host, "rm", "--force", name)

    def inspect(self, project: str, host: Host) -> Iterable[Running]:
        """By the labels that ``apply`` sets."""
        for one in _containers(project, host):
            labels = one["Config"]["Labels"]
            health = one["State"].get("Health", {}).get("Status")
            image = one["Config"]["Image"]
            yield Running(
                component=labels.get("stella.component"),
                name=one["Name"].lstrip("/"),
                image=image,
                digest=Digest(image.partition("@")[2]) if "@" in image else None,
                state=one["State"]["Status"],
                healthy=None if health is None else health == "healthy",
                release=labels.get("stella.release"),
                deployment=labels.get("stella.deployment"),
            )

    def engine(self, host: Host) -> str:
        """The version of Docker."""
        return _docker(host, "version", "--format={{.Server.Version}}").strip()


def _pull(service: ServicePlan, host: Host) -> None:
    try:
        host.run(("docker", "pull", service.image), timeout_s=_PULL_S)
    except CommandFailed as failed:
        if "verification failed" in str(failed) or "unexpected" in str(failed):
            raise PullDigestMismatch(
                f"digest mismatch: the bytes of {service.image} are not what it names",
                remedy=Remedy("Ask who can write to the registry; push the image again."),
            ) from None
        raise PullFailed(
            f"{service.image} cannot be pulled: {failed}",
            remedy=Remedy("See that the host reaches the registry and may pull from it."),
        ) from None
    # The digest that was asked for, or the pull would have failed: seen once more by the engine.
    said = _docker(host, "image", "inspect", service.image)
    if not any(service.digest.text in one for one in json.loads(said)[0]["RepoDigests"]):
        raise PullDigestMismatch(
            f"digest mismatch: the engine has another image for {service.image}",
            remedy=Remedy("Remove that image from the host; then deploy again."),
        )


def _wait_until_healthy(name: str, host: Host) -> None:
    waited = 0.0
    while waited < _HEALTHY_WITHIN_S:
        (one,) = json.loads(_docker(host, "container", "inspect", name))
        state, health = one["State"]["Status"], one["State"].get("Health", {}).get("Status")
        if state == "running" and health in {None, "healthy"}:
            return
        if state == "exited" or health == "unhealthy":
            break
        host.wait(_LOOK_EVERY_S)
        waited += _LOOK_EVERY_S
    raise UnhealthyAfterStart(
        f"{name} did not become healthy", remedy=Remedy("Read its log.", f"docker logs {name}")
    )


def _containers(project: str, host: Host) -> list[dict[str, Any]]:
    names = _docker(
        host, "ps", "--all", "--quiet", f"--filter=label=stella.project={project}"
    ).split()
    if not names:
        return []
    found: list[dict[str, Any]] = json.loads(_docker(host, "container", "inspect", *names))
    return found


def _name(intent: TargetIntent, service: ServicePlan) -> str:
    """Another image, another container; the same image stays as it is."""
    return f"{intent.project}-{service.component}-{service.digest.hex[:12]}"


def _labels(intent: TargetIntent, service: ServicePlan) -> tuple[str, ...]:
    labels = {
        "stella.project": intent.project,
        "stella.component": service.component,
        "stella.release": intent.release,
        "stella.deployment": intent.deployment,
    }
    return (*(f"--label={name}={text}" for name, text in labels.items()), service.image)


def _docker(host: Host, *words: str) -> str:
    return host.run(("docker", *words), timeout_s=_COMMAND_S).decode()
