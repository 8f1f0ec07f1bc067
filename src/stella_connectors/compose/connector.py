"""A Compose project on one Docker Engine, deployed from its lock file."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from stella.sdk import (
    Action,
    CommandFailed,
    CommandTimedOut,
    Host,
    Json,
    NotBroughtBack,
    Remedy,
    Running,
    StellaError,
    TargetIntent,
    TargetPlan,
    UnhealthyAfterStart,
    canonical_json,
)
from stella_connectors.compose.lock import LOCK_FILE, lock, secrets_of, settings_of
from stella_connectors.docker import journal
from stella_connectors.docker.commands import (
    containers,
    docker,
    engine_version,
    is_still_at_work,
    known_images,
    last_line,
    pull,
    pull_argv,
    remove,
    remove_networks,
    running,
    stop,
    verify,
    verify_argv,
)

_CURRENT = "stella.current.json"
_UP_ATTEMPTS = 5
_STOP_S = 10
_DOWN_S = 900
# Wherever a variable stands, the file can be read with that: as text, as a number, as a port.
_ANYTHING = "1"


class ComposeTarget:
    """The target connector ``compose``."""

    def plan(self, intent: TargetIntent) -> TargetPlan:
        """Pull and verify every image, then bring the project to the lock file and wait for it."""
        text, images = lock(intent)
        distinct = {image: service for service, image in sorted(images.items(), reverse=True)}
        order = sorted(distinct.items(), key=lambda item: item[1])
        actions = [Action("pull", service, pull_argv(image)) for image, service in order]
        actions += [Action("verify", service, verify_argv(image)) for image, service in order]
        actions.append(
            Action("start", intent.project, _up_argv(intent.project, _wait_timeout_s(intent)))
        )
        actions.append(Action("place_sticker", "stella.version.json"))
        return TargetPlan("compose", intent.target, tuple(actions), {LOCK_FILE: text})

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Carry the plan out; where it is refused the project goes back to its previous lock file."""
        before = journal.begin(host, intent, plan, lambda: _now(host))
        images = {action.subject: action.argv[-1] for action in plan.actions if action.argv}
        secrets = secrets_of(settings_of(intent))
        verified: set[str] = set()
        try:
            known = known_images(host, [a.argv[-1] for a in plan.actions if a.verb == "pull"])
            for action in plan.actions:
                match action.verb:
                    case "pull":
                        if pull(host, action.argv, images[action.subject], known):
                            verified.add(action.subject)
                    case "verify" if action.subject not in verified:
                        verify(host, action.argv, images[action.subject])
                    case "start":
                        host.write(LOCK_FILE, plan.files[LOCK_FILE].encode())
                        _up(intent, host, action.argv, secrets)
        except StellaError as refusal:
            host.log(f"{refusal.code}: {refusal}")
            if (host.read(LOCK_FILE) or None) != _encoded(before["lock"]):
                _bring_back(intent, host, before, refusal)
            journal.end(host)
            raise
        host.write(
            _CURRENT,
            canonical_json(
                {"release": intent.release, "deployment": intent.deployment, "secrets": secrets}
            ),
        )
        journal.end(host)

    def plan_removal(self, intent: TargetIntent) -> TargetPlan:
        """Take the project down by the lock file that is in force on the host, then what is left."""
        settings_of(intent)
        return TargetPlan(
            "compose",
            intent.target,
            (
                Action("take_down", intent.project, (*_compose(intent.project), "down")),
                # What an older or a failed deployment left, which the lock file does not name.
                Action("remove_rest", intent.project),
                Action("remove_networks", intent.project),
                Action("place_sticker", "stella.version.json"),
            ),
        )

    def remove(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Carry the removal out; what is gone already is removed. Volumes stay."""
        for action in plan.actions:
            match action.verb:
                case "take_down" if host.read(LOCK_FILE):
                    _down(host, action.argv)
                case "remove_rest":
                    for one in containers(host, intent.project):
                        host.log(f"removing {one.name}")
                        stop(host, one.name, _STOP_S)
                        remove(host, one.name)
                case "remove_networks":
                    remove_networks(host, f"com.docker.compose.project={intent.project}")
        host.write(LOCK_FILE, b"")
        host.write(_CURRENT, b"{}")
        journal.end(host)

    def inspect(self, project: str, host: Host) -> Iterable[Running]:
        """What runs of the project; which release and deployment, as it was applied last."""
        current = json.loads(host.read(_CURRENT) or b"{}")
        return tuple(
            replace(one, release=current.get("release"), deployment=current.get("deployment"))
            for one in running(host, containers(host, project))
        )

    def engine(self, host: Host) -> str:
        """The versions of the engine and of Compose."""
        version = docker(host, ("docker", "compose", "version", "--short"), timeout_s=10).strip()
        return f"{engine_version(host)}, compose {version}"


def _wait_timeout_s(intent: TargetIntent) -> int:
    seconds: int = settings_of(intent).get("wait_timeout_s", 120)
    return seconds


def _up_argv(project: str, wait_timeout_s: int) -> tuple[str, ...]:
    return (
        *_compose(project),
        *("up", "--detach", "--wait", f"--wait-timeout={wait_timeout_s}"),
        *("--no-build", "--pull=never", "--remove-orphans"),
    )


def _compose(project: str) -> tuple[str, ...]:
    return ("docker", "compose", f"--project-name={project}", f"--file={LOCK_FILE}")


def _up(
    intent: TargetIntent, host: Host, argv: tuple[str, ...], secrets: Mapping[str, str]
) -> None:
    host.log(" ".join(argv))
    for attempt in range(_UP_ATTEMPTS):
        try:
            # Stopping what ran before takes its time too, before the waiting begins.
            docker(host, argv, timeout_s=_wait_timeout_s(intent) + 300, environment=secrets)
        except CommandFailed as refusal:
            if is_still_at_work(refusal) and attempt < _UP_ATTEMPTS - 1:
                host.wait(1)
                continue
            _last_words(intent, host)
            said = last_line(str(refusal.facts["output"]))
            raise UnhealthyAfterStart(
                f"{intent.project} did not become healthy: {said}",
                remedy=Remedy("Read its last lines in the deployment's log."),
                project=intent.project,
            ) from refusal
        else:
            return


def _down(host: Host, argv: tuple[str, ...]) -> None:
    """In the order that the file asks for. Where that is not possible, what is left goes one by one.

    Secrets are not read: nothing is started, and one that is gone must not keep anything running.
    """
    current = json.loads(host.read(_CURRENT) or b"{}")
    given = dict.fromkeys(current.get("secrets", {}), _ANYTHING)
    host.log(" ".join(argv))
    try:
        docker(host, argv, timeout_s=_DOWN_S, environment=given)
    except (CommandFailed, CommandTimedOut) as refusal:
        host.log(f"{refusal.code}: {refusal}")


def _last_words(intent: TargetIntent, host: Host) -> None:
    for one in containers(host, intent.project):
        if not one.is_running or one.health in {"unhealthy", "starting"}:
            try:
                said = docker(host, ("docker", "logs", "--tail=20", one.name))
            except StellaError:
                continue
            for line in said.splitlines()[-20:]:
                host.log(f"{one.name} | {line}")


def _bring_back(
    intent: TargetIntent, host: Host, before: Mapping[str, Any], refusal: StellaError
) -> None:
    """To the lock file and the secrets of before, or to nothing where nothing was."""
    secrets: Mapping[str, str] = before["secrets"]
    try:
        if before["lock"] is None:
            host.log("removing what was started: nothing ran before")
            argv = (*_compose(intent.project), "down", "--remove-orphans")
            given = secrets_of(settings_of(intent))
            docker(host, argv, timeout_s=300, environment=given)
            host.write(LOCK_FILE, b"")
        else:
            host.log("going back to the previous lock file")
            host.write(LOCK_FILE, before["lock"].encode())
            _up(intent, host, _up_argv(intent.project, _wait_timeout_s(intent)), secrets)
    except StellaError as second:
        raise NotBroughtBack(
            f"{refusal}; and what ran before was not brought back: {second}",
            remedy=Remedy("Look at the host.", "docker compose ls"),
            first=refusal.code,
            second=second.code,
        ) from refusal


def _now(host: Host) -> Json:
    """The lock file that is in force, and the references of the secrets that it wants."""
    content = host.read(LOCK_FILE)
    current = json.loads(host.read(_CURRENT) or b"{}")
    return {
        "lock": content.decode() if content else None,
        "secrets": current.get("secrets", {}),
    }


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
