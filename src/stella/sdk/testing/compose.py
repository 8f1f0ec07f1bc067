"""``docker compose up`` and ``down`` on the simulated engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stella.sdk.testing.engine import SimulatedEngine

_PROJECT = "com.docker.compose.project"
_HASH = "com.docker.compose.config-hash"


def compose(
    engine: "SimulatedEngine", state: dict[str, Any], words: list[str], directory: Path
) -> str:
    """What ``docker compose ...`` would have done. Raises CommandFailed."""
    from stella.sdk.testing.engine import VERSION, failed

    if words[:1] == ["version"]:
        return VERSION
    project = next(w for w in words if w.startswith("--project-name=")).partition("=")[2]
    file = next(w for w in words if w.startswith("--file=")).partition("=")[2]
    if "down" in words:
        for name in _names(state, project):
            del state["containers"][name]
        return ""
    if "up" in words:
        return _up(engine, state, project, directory / file)
    raise failed(["docker", "compose", *words], "the simulated compose does not know this")


def _up(engine: "SimulatedEngine", state: dict[str, Any], project: str, lock: Path) -> str:
    import yaml

    from stella.sdk.testing.engine import failed, specification_hash

    services: dict[str, Any] = yaml.safe_load(lock.read_text())["services"]
    wanted = {f"{project}-{service}-1": one for service, one in sorted(services.items())}
    for name in _names(state, project):
        one = state["containers"][name]
        is_same = name in wanted and one["Config"]["Labels"][_HASH] == specification_hash(
            wanted[name]
        )
        if not is_same:
            del state["containers"][name]
    for name, service in wanted.items():
        if name not in state["containers"]:
            labels = {str(k): str(v) for k, v in service.get("labels", {}).items()}
            labels |= {_PROJECT: project, _HASH: specification_hash(service)}
            command = service.get("command") or []
            engine.create(
                state,
                name,
                service["image"],
                labels=labels,
                command=command if isinstance(command, list) else str(command).split(),
                ports=[str(port) for port in service.get("ports", [])],
            )
        if state["containers"][name]["State"]["Status"] != "running":
            engine.begin(state, name)
    for name in wanted:
        now = state["containers"][name]["State"]
        if now["Status"] != "running" or now.get("Health", {}).get("Status") == "unhealthy":
            raise failed(["docker", "compose", "up"], f"container {name} is unhealthy")
    return ""


def _names(state: dict[str, Any], project: str) -> list[str]:
    return [
        name
        for name, one in state["containers"].items()
        if one["Config"]["Labels"].get(_PROJECT) == project
    ]
