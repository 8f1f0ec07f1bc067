"""The docker commands that target connectors share, and what docker's answers mean."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stella.sdk import (
    CommandFailed,
    Digest,
    EngineUnreachable,
    Host,
    PortIsTaken,
    PullDigestMismatch,
    PullFailed,
    Remedy,
    Running,
    docker_login,
    registry_of_image,
)
from stella.sdk.pulls import says_tampered

PULL_TIMEOUT_S = 900
SHORT_S = 60

_NO_ENGINE = re.compile(
    r"cannot connect to the docker daemon|error during connect|is the docker daemon running"
    r"|dial unix .*(?:no such file|connection refused|permission denied)",
    re.IGNORECASE,
)
# A killed agent's last command may still be at work in the engine when the next one looks.
_STILL_AT_WORK = re.compile(r"name .* is already in use|already in progress", re.IGNORECASE)
_GONE = re.compile(r"no such container", re.IGNORECASE)
_NETWORK_GONE = re.compile(r"network .* not found|no such network", re.IGNORECASE)
_IN_USE = re.compile(r"has active endpoints|resource is still in use", re.IGNORECASE)
_PORT_TAKEN = re.compile(r"port is already allocated|address already in use", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a project, running or not. health: None where it has no check."""

    name: str
    component: str | None
    image: str
    image_id: str
    state: str
    health: str | None
    exit_status: int
    restarts: int
    labels: Mapping[str, str]

    @property
    def is_running(self) -> bool:
        """Whether it runs now."""
        return self.state == "running"


def pull_argv(image: str) -> tuple[str, ...]:
    """Pull by digest."""
    return ("docker", "pull", "--quiet", image)


def verify_argv(image: str) -> tuple[str, ...]:
    """Ask the engine by which digests it knows the image."""
    return ("docker", "image", "inspect", "--format={{json .RepoDigests}}", image)


def docker(
    host: Host,
    argv: Sequence[str],
    *,
    timeout_s: int = SHORT_S,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a docker command. Raises EngineUnreachable, PortIsTaken, and what ``Host.run`` raises."""
    try:
        return host.run(argv, timeout_s=timeout_s, environment=environment).decode(errors="replace")
    except CommandFailed as refusal:
        said = str(refusal.facts.get("output", ""))
        if _NO_ENGINE.search(said):
            raise EngineUnreachable(
                f"the container engine does not answer: {last_line(said)}",
                remedy=Remedy("See that it runs, and that the agent may use it.", "docker version"),
            ) from refusal
        if _PORT_TAKEN.search(said):
            raise PortIsTaken(
                f"a published port is taken on the host: {last_line(said)}",
                remedy=Remedy("Free the port, or publish another one.", "docker ps"),
            ) from refusal
        raise


def known_images(host: Host, images: Iterable[str]) -> frozenset[str]:
    """Those of ``images`` that the engine lists by this very name and digest, in one command.

    It lists Docker Hub's under a short name: those are looked up one by one, by ``is_present``.
    """
    wanted = frozenset(images)
    filters = (f"--filter=reference={image}" for image in sorted(wanted))
    named = ("--digests", "--format={{.Repository}}@{{.Digest}}")
    return wanted & set(docker(host, ("docker", "image", "ls", *named, *filters)).split())


def is_present(host: Host, image: str) -> bool:
    """Whether the engine has the image by this very digest."""
    listed = ("docker", "image", "ls", "--quiet", f"--filter=reference={image}")
    return bool(docker(host, listed).strip()) and _named_digest(
        docker(host, verify_argv(image)), image
    )


def pull(host: Host, argv: Sequence[str], image: str, known: frozenset[str]) -> bool:
    """Pull what is not there yet. True where the engine knew it by its digest: that is verified.

    known: the answer of ``known_images``.

    Raises PullDigestMismatch, PullFailed.
    """
    if image in known or is_present(host, image):
        host.log(f"{image} is here already")
        return True
    host.log(" ".join(argv))
    try:
        docker(host, argv, timeout_s=PULL_TIMEOUT_S, environment=_login_for(image))
    except CommandFailed as refusal:
        said = str(refusal.facts.get("output", ""))
        if says_tampered(said):
            raise _mismatch(image, last_line(said)) from refusal
        raise PullFailed(
            f"{image} could not be pulled: {last_line(said)}",
            remedy=Remedy("See that the host reaches the registry and the image is there."),
            image=image,
        ) from refusal
    return False


def _login_for(image: str) -> dict[str, str]:
    """What the control plane has for its registry; the host's own login where it has nothing."""
    return {"DOCKER_CONFIG": docker_login(registry_of_image(image))}


def verify(host: Host, argv: Sequence[str], image: str) -> None:
    """See that the engine knows the image by the digest in its name. Raises PullDigestMismatch."""
    known = docker(host, argv)
    if not _named_digest(known, image):
        raise _mismatch(image, f"the engine knows it as {known.strip()}")


def containers(host: Host, project: str) -> tuple[Container, ...]:
    """Every container of the project, running or not, by name."""
    listed = docker(
        host,
        (
            "docker",
            "ps",
            "--all",
            "--quiet",
            "--no-trunc",
            f"--filter=label=stella.project={project}",
        ),
    ).split()
    return inspect_containers(host, listed)


def inspect_containers(host: Host, names: Sequence[str]) -> tuple[Container, ...]:
    """The containers of these names or ids, by name. Raises CommandFailed where one is missing."""
    if not names:
        return ()
    documents = json.loads(docker(host, ("docker", "container", "inspect", *names)))
    return tuple(sorted(map(_container, documents), key=lambda one: one.name))


def running(host: Host, found: Iterable[Container]) -> tuple[Running, ...]:
    """Containers as a target reports them, each with the registry digest of what it runs."""
    listed = tuple(found)
    digests = _digests_by_id(host, sorted({one.image_id for one in listed}))
    return tuple(
        Running(
            component=one.component,
            name=one.name,
            image=one.image,
            digest=_digest_of(one, digests.get(one.image_id, ())),
            state=one.state,
            healthy=_is_healthy(one),
            release=one.labels.get("stella.release"),
            deployment=one.labels.get("stella.deployment"),
        )
        for one in listed
    )


def engine_version(host: Host) -> str:
    """The engine's version. Raises EngineUnreachable, CommandMissing."""
    try:
        said = docker(host, ("docker", "version", "--format={{.Server.Version}}"), timeout_s=10)
    except CommandFailed as refusal:
        raise EngineUnreachable(
            f"the container engine does not answer: {refusal}",
            remedy=Remedy("See that it runs, and that the agent may use it.", "docker version"),
        ) from refusal
    return said.strip()


def is_still_at_work(refusal: CommandFailed) -> bool:
    """Whether something else is just making or removing the same container."""
    return bool(_STILL_AT_WORK.search(str(refusal.facts.get("output", ""))))


def stop_argv(name: str, timeout_s: int) -> tuple[str, ...]:
    """Ask a container to end; after ``timeout_s`` seconds the engine ends it."""
    return ("docker", "stop", f"--time={timeout_s}", name)


def remove_argv(name: str) -> tuple[str, ...]:
    """Remove a container, and no named volume of it."""
    return ("docker", "rm", "--force", name)


def stop(host: Host, name: str, timeout_s: int) -> None:
    """Stop a container; one that is gone is stopped."""
    _unless_gone(host, stop_argv(name, timeout_s), timeout_s + SHORT_S)


def remove(host: Host, name: str) -> None:
    """Remove a container; one that is gone, or just going, is removed."""
    _unless_gone(host, remove_argv(name), SHORT_S)


def remove_networks(host: Host, label: str) -> None:
    """Remove the networks with that label. One that something else's container uses stays."""
    listed = ("docker", "network", "ls", "--format={{.Name}}", f"--filter=label={label}")
    for name in docker(host, listed).split():
        strangers = _on_network(host, name) - _on_network(host, name, f"--filter=label={label}")
        if strangers:
            # The engine would remove it from under one that is stopped, which then starts no more.
            host.log(f"the network {name} stays: {', '.join(sorted(strangers)[:5])} uses it")
            continue
        try:
            docker(host, ("docker", "network", "rm", name))
            host.log(f"removed the network {name}")
        except CommandFailed as refusal:
            said = str(refusal.facts.get("output", ""))
            if _NETWORK_GONE.search(said):
                continue
            if not _IN_USE.search(said):
                raise
            host.log(f"the network {name} stays: something else uses it ({last_line(said)})")


def _on_network(host: Host, network: str, *filters: str) -> set[str]:
    """The names of the containers on it, running or not."""
    argv = ("docker", "ps", "--all", "--format={{.Names}}", f"--filter=network={network}", *filters)
    return set(docker(host, argv).split())


def _unless_gone(host: Host, argv: Sequence[str], timeout_s: int) -> None:
    try:
        docker(host, argv, timeout_s=timeout_s)
    except CommandFailed as refusal:
        is_gone = _GONE.search(str(refusal.facts.get("output", "")))
        if not is_gone and not is_still_at_work(refusal):
            raise


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def _mismatch(image: str, why: str) -> PullDigestMismatch:
    return PullDigestMismatch(
        f"digest mismatch: {image} is not what its digest promises ({why})",
        remedy=Remedy("Take the registry for tampered with or broken; compare it with a copy."),
        image=image,
    )


def _named_digest(listed: str, image: str) -> bool:
    try:
        names = json.loads(listed)
    except ValueError:
        return False
    return isinstance(names, list) and bool({image, hub_name(image)} & set(map(str, names)))


def hub_name(image: str) -> str:
    """As the engine writes it: of Docker Hub's images it leaves out the registry and ``library``."""
    path = image.removeprefix("docker.io/")
    return path.removeprefix("library/") if path != image else image


def _container(document: Mapping[str, Any]) -> Container:
    state, config = document["State"], document["Config"]
    labels = dict(config.get("Labels") or {})
    return Container(
        name=document["Name"].lstrip("/"),
        component=labels.get("stella.component"),
        image=config["Image"],
        image_id=document["Image"],
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status"),
        exit_status=state.get("ExitCode", 0),
        restarts=document.get("RestartCount", 0),
        labels=labels,
    )


def _digests_by_id(host: Host, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not ids:
        return {}
    try:
        said = docker(host, ("docker", "image", "inspect", *ids))
    except CommandFailed:
        return {}  # removed while its container runs: no digest is known, and that is reported
    return {image["Id"]: tuple(image.get("RepoDigests") or ()) for image in json.loads(said)}


def _digest_of(container: Container, names: Sequence[str]) -> Digest | None:
    """The digest it was started by where the engine confirms it, else another of the same image."""
    digests = [name.partition("@")[2] for name in names]
    asked = container.image.partition("@")[2]
    found = asked if asked in digests else next(iter(sorted(digests)), "")
    return Digest(found) if found else None


def _is_healthy(container: Container) -> bool | None:
    if not container.is_running:
        return False
    if container.health is None:
        return None
    return container.health == "healthy"
