"""Containers on one Docker Engine: the new beside the old, then the old is retired."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from stella.sdk import (
    Action,
    CommandFailed,
    Digest,
    Host,
    Json,
    NotBroughtBack,
    Remedy,
    Running,
    StellaError,
    TargetIntent,
    TargetPlan,
    UnhealthyAfterStart,
    digest_of,
)
from stella_connectors.docker import journal
from stella_connectors.docker.commands import (
    Container,
    containers,
    docker,
    engine_version,
    is_still_at_work,
    known_images,
    pull,
    pull_argv,
    remove,
    remove_argv,
    remove_networks,
    running,
    stop,
    stop_argv,
    verify,
    verify_argv,
)
from stella_connectors.docker.settings import Service, services_of

LABELS_FILE = "stella.labels"
_POLL_S = 0.25
_START_TIMEOUT_S = 120
_START_ATTEMPTS = 5
_STOP_S = 10


class DockerTarget:
    """The target connector ``docker``."""

    def plan(self, intent: TargetIntent) -> TargetPlan:
        """Pull and verify everything, then start each service, wait for all, retire the rest."""
        services = services_of(intent)
        actions = [Action("pull", s.component, pull_argv(s.image)) for s in services]
        actions += [Action("verify", s.component, verify_argv(s.image)) for s in services]
        actions += [
            Action("network", network, _network_argv(intent.project, network))
            for network in sorted({s.network for s in services if s.network})
        ]
        for service in services:
            if service.has_fixed_port:
                # Only one container can have the port: the old one makes room, and is kept.
                actions.append(Action("stop_old", service.component))
            actions.append(Action("start", service.component, _run_argv(intent, service)))
        actions += [
            Action("wait_healthy", s.component, _health_argv(_name(intent, s))) for s in services
        ]
        actions.append(Action("retire", intent.project))
        actions.append(Action("place_sticker", "stella.version.json"))
        # For who carries the script out by hand; the agent writes it anew, with the deployment's id.
        labels = {LABELS_FILE: _labels(replace(intent, deployment="")).decode()}
        return TargetPlan("docker", intent.target, tuple(actions), labels)

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Carry the plan out; on a refusal what ran before runs again, and nothing else does."""
        services = {service.component: service for service in services_of(intent)}
        before = journal.begin(host, intent, plan, lambda: _snapshot(host, intent.project))
        _Run(intent, host, services, before).carry_out(plan)
        journal.end(host)

    def plan_removal(self, intent: TargetIntent) -> TargetPlan:
        """Stop each service as patiently as its settings say, then remove all of the project."""
        services = services_of(intent)
        actions = [
            Action("stop", s.component, stop_argv(_name(intent, s), s.stop_timeout_s))
            for s in services
        ]
        actions += [Action("remove", s.component, remove_argv(_name(intent, s))) for s in services]
        # What an older or a failed deployment left, which the plan cannot name.
        actions.append(Action("remove_rest", intent.project))
        actions.append(Action("remove_networks", intent.project))
        actions.append(Action("place_sticker", "stella.version.json"))
        return TargetPlan("docker", intent.target, tuple(actions))

    def remove(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Carry the removal out; what is gone already is removed."""
        services = {service.component: service for service in services_of(intent)}
        there = {one.name: one for one in containers(host, intent.project)}
        for action in plan.actions:
            match action.verb:
                case "stop" | "remove" if action.argv[-1] in there:
                    _take_away(host, action, services[action.subject])
                case "remove_rest":
                    for one in containers(host, intent.project):
                        host.log(f"removing {one.name}")
                        service = services.get(one.component or "")
                        stop(host, one.name, service.stop_timeout_s if service else _STOP_S)
                        remove(host, one.name)
                case "remove_networks":
                    remove_networks(host, f"stella.project={intent.project}")
        journal.end(host)

    def inspect(self, project: str, host: Host) -> Iterable[Running]:
        """What runs of the project."""
        return running(host, containers(host, project))

    def engine(self, host: Host) -> str:
        """The engine's version."""
        return engine_version(host)


@dataclass(frozen=True, slots=True)
class _Run:
    """One plan being carried out. before: container name -> whether it ran.

    verified: the components whose image was here already, by its digest.
    """

    intent: TargetIntent
    host: Host
    services: Mapping[str, Service]
    before: Mapping[str, bool]
    verified: set[str] = field(default_factory=set)

    def carry_out(self, plan: TargetPlan) -> None:
        changes = [action for action in plan.actions if action.verb != "retire"]
        try:
            images = [self.services[one.subject].image for one in changes if one.verb == "pull"]
            known = known_images(self.host, images)
            for action in changes:
                self._do(action, known)
        except StellaError as refusal:
            self.host.log(f"{refusal.code}: {refusal}")
            self._bring_back(refusal)
            journal.end(self.host)
            raise
        # From here on the new serves: whatever the old ones do, nothing is taken back.
        self._retire()

    def _do(self, action: Action, known: frozenset[str]) -> None:
        match action.verb:
            case "pull":
                if pull(self.host, action.argv, self.services[action.subject].image, known):
                    self.verified.add(action.subject)
            case "verify" if action.subject in self.verified:
                pass
            case "verify":
                verify(self.host, action.argv, self.services[action.subject].image)
            case "network":
                self._network(action)
            case "stop_old":
                self._stop_old(self.services[action.subject])
            case "start":
                self._start(action, self.services[action.subject])
            case "wait_healthy":
                self._wait_healthy(self.services[action.subject])
            case "place_sticker":
                pass  # the agent's own, once this has succeeded
            case verb:
                raise AssertionError(verb)

    def _network(self, action: Action) -> None:
        listed = ("docker", "network", "ls", "--format={{.Name}}")
        if action.subject not in docker(self.host, listed).split():
            self.host.log(" ".join(action.argv))
            docker(self.host, action.argv)

    def _stop_old(self, service: Service) -> None:
        new = _name(self.intent, service)
        for one in containers(self.host, self.intent.project):
            if one.component == service.component and one.name != new and one.is_running:
                self.host.log(f"stopping {one.name}: the new one needs its port")
                stop(self.host, one.name, service.stop_timeout_s)

    def _start(self, action: Action, service: Service) -> None:
        """Start it, unless it runs: what is left of an interrupted start is removed first."""
        name = _name(self.intent, service)
        self.host.write(LABELS_FILE, _labels(self.intent))
        for attempt in range(_START_ATTEMPTS):
            there = {one.name: one for one in containers(self.host, self.intent.project)}
            if name in there and there[name].is_running:
                self.host.log(f"{name} runs already")
                return
            if name in there:
                remove(self.host, name)
            self.host.log(" ".join(action.argv))
            try:
                docker(
                    self.host,
                    action.argv,
                    timeout_s=_START_TIMEOUT_S,
                    environment=service.secrets,
                )
            except CommandFailed as refusal:
                if not is_still_at_work(refusal) or attempt == _START_ATTEMPTS - 1:
                    raise
                self.host.wait(1)
            else:
                return

    def _wait_healthy(self, service: Service) -> None:
        name, waited_s, ran_s = _name(self.intent, service), 0.0, 0.0
        self.host.log(f"waiting until {name} is healthy")
        while True:
            found = {one.name: one for one in containers(self.host, self.intent.project)}
            one = found.get(name)
            why = _why_lost(one)
            if one is None or why:
                raise self._unhealthy(name, why)
            if one.health == "healthy" or (one.health is None and ran_s >= service.stable_s):
                self.host.log(f"{name} is {one.health or 'running'}")
                return
            if waited_s >= service.health_timeout_s:
                raise self._unhealthy(name, f"not healthy after {service.health_timeout_s} s")
            self.host.wait(_POLL_S)
            waited_s += _POLL_S
            ran_s = ran_s + _POLL_S if one.is_running else 0.0

    def _retire(self) -> None:
        """End everything of the project that this plan did not start; it is kept until now."""
        new = {_name(self.intent, service) for service in self.services.values()}
        for one in containers(self.host, self.intent.project):
            if one.name not in new:
                self.host.log(f"retiring {one.name}")
                service = self.services.get(one.component or "")
                stop(self.host, one.name, service.stop_timeout_s if service else _STOP_S)
                remove(self.host, one.name)

    def _bring_back(self, refusal: StellaError) -> None:
        """Remove what is new and start what ran before."""
        try:
            found = containers(self.host, self.intent.project)
            # All of the new first: it may hold a port that the old one needs.
            for one in found:
                if one.name not in self.before:
                    self.host.log(f"removing {one.name}")
                    remove(self.host, one.name)
            for one in found:
                if self.before.get(one.name) and not one.is_running:
                    self.host.log(f"starting {one.name} again")
                    docker(self.host, ("docker", "start", one.name), timeout_s=_START_TIMEOUT_S)
        except StellaError as second:
            raise NotBroughtBack(
                f"{refusal}; and what ran before was not brought back: {second}",
                remedy=Remedy("Look at the host.", "docker ps --all"),
                first=refusal.code,
                second=second.code,
            ) from refusal

    def _unhealthy(self, name: str, why: str) -> UnhealthyAfterStart:
        for line in _last_words(self.host, name):
            self.host.log(f"{name} | {line}")
        return UnhealthyAfterStart(
            f"{name} did not become healthy: {why}",
            remedy=Remedy("Read its last lines in the deployment's log."),
            container=name,
        )


def _take_away(host: Host, action: Action, service: Service) -> None:
    host.log(" ".join(action.argv))
    if action.verb == "stop":
        stop(host, action.argv[-1], service.stop_timeout_s)
    else:
        remove(host, action.argv[-1])


def _name(intent: TargetIntent, service: Service) -> str:
    """The same image with the same settings has the same name, and is left running."""
    content: Json = {
        "image": service.image,
        "options": list(service.options),
        "command": list(service.command),
        "secrets": dict(service.secrets),
    }
    suffix = f"{Digest(service.digest).hex[:8]}-{digest_of(content).hex[:8]}"
    return f"{intent.project}-{service.component}-{suffix}"


def _run_argv(intent: TargetIntent, service: Service) -> tuple[str, ...]:
    return (
        *("docker", "run", "--detach", "--pull=never", f"--name={_name(intent, service)}"),
        f"--label=stella.project={intent.project}",
        f"--label=stella.component={service.component}",
        f"--label=stella.digest={service.digest}",
        # Who started it: other words for each deployment, so they are no part of the plan.
        f"--label-file={LABELS_FILE}",
        *service.options,
        service.image,
        *service.command,
    )


def _labels(intent: TargetIntent) -> bytes:
    lines = {
        "stella.release": intent.release,
        "stella.version": intent.version,
        "stella.environment": intent.environment,
        "stella.target": intent.target,
        **({"stella.deployment": intent.deployment} if intent.deployment else {}),
    }
    return "".join(f"{name}={' '.join(value.split())}\n" for name, value in lines.items()).encode()


def _network_argv(project: str, network: str) -> tuple[str, ...]:
    return ("docker", "network", "create", f"--label=stella.project={project}", network)


def _health_argv(name: str) -> tuple[str, ...]:
    return ("docker", "container", "inspect", "--format={{json .State}}", name)


def _snapshot(host: Host, project: str) -> Json:
    return {one.name: one.is_running for one in containers(host, project)}


def _why_lost(one: Container | None) -> str:
    """Why waiting on makes no sense; empty while it does."""
    if one is None:
        return "it is gone"
    if one.state in {"exited", "dead"}:
        return f"it ended with status {one.exit_status}"
    if one.restarts:
        return f"it ended and was restarted {one.restarts} times"
    if one.health == "unhealthy":
        return "its health check fails"
    return ""


def _last_words(host: Host, name: str) -> list[str]:
    """Its last lines, standard error among them."""
    try:
        said = docker(host, ("docker", "logs", "--tail=20", name))
    except StellaError:
        return []
    return said.splitlines()[-20:]
