"""A Docker Engine that is none: it keeps what docker would keep, and runs nothing.

It answers the docker commands of our connectors, so that the very same connectors run where no
engine can. Images come from the simulated registry, every byte checked against its digest.
"""

import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stella.kernel import Digest, Remedy, StellaError, digest_of
from stella.plugin.contract.registry import Descriptor
from stella.plugin.refusals import BlobDigestMismatch, CommandFailed
from stella.sdk.files import write_file
from stella.sdk.testing.registry import SimulatedRegistry

VERSION = "simulated"


class SimulatedEngine:
    """The state of one pretended engine below ``directory``, shared by processes under a lock."""

    def __init__(self, directory: Path, registry: SimulatedRegistry | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.registry = registry or SimulatedRegistry(directory / "registry")
        self._state = directory / "engine.json"
        self._lock = directory / "engine.lock"

    def run(self, argv: Sequence[str], directory: Path) -> str:
        """What ``docker ...`` would have printed. Raises CommandFailed as it would have failed."""
        from stella.sdk.testing.compose import compose

        words = list(argv)
        if words[:2] == ["docker", "compose"]:
            with self.changed() as state:
                return compose(self, state, words[2:], directory)
        commands: dict[tuple[str, ...], Callable[[dict[str, Any], list[str], Path], str]] = {
            ("docker", "version"): lambda *_: VERSION,
            ("docker", "pull"): self._pull,
            ("docker", "image", "ls"): self._image_ls,
            ("docker", "image", "inspect"): self._image_inspect,
            ("docker", "ps"): self._ps,
            ("docker", "container", "inspect"): self._inspect,
            ("docker", "run"): self._run,
            ("docker", "start"): self._start,
            ("docker", "stop"): self._stop,
            ("docker", "rm"): self._rm,
            ("docker", "logs"): lambda *_: "(a simulated container says nothing)\n",
            ("docker", "network", "ls"): self._network_ls,
            ("docker", "network", "rm"): self._network_rm,
            ("docker", "network", "create"): self._network_create,
        }
        for prefix, command in commands.items():
            if tuple(words[: len(prefix)]) == prefix:
                with self.changed() as state:
                    return command(state, words[len(prefix) :], directory)
        raise failed(argv, f"the simulated engine does not know {' '.join(words[:3])}")

    @contextmanager
    def changed(self) -> Iterator[dict[str, Any]]:
        """The state, alone; what is changed in it is kept, also where the command then fails."""
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            empty: dict[str, Any] = {"images": {}, "containers": {}, "networks": []}
            state = json.loads(self._state.read_bytes()) if self._state.exists() else empty
            try:
                yield state
            finally:
                write_file(self._state, json.dumps(state).encode())

    # ------------------------------------------------------------ images

    def _pull(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        image = words[-1]
        name, _at, digest = image.partition("@")
        repository = name.removeprefix(self.registry.host + "/")
        try:
            raw = self.registry.manifest(repository, digest)
            manifest = json.loads(raw.content)
            about = manifest["config"]
            for part in (about, *manifest["layers"]):
                where = Descriptor(part["mediaType"], Digest(part["digest"]), part["size"])
                with self.registry.blob(repository, where) as chunks:
                    content = b"".join(chunks)
                if part is about:
                    config = json.loads(content).get("config") or {}
        except BlobDigestMismatch as refusal:
            said = f"filesystem layer verification failed for digest {refusal.facts['digest']}"
            raise failed(["docker", "pull", image], said) from refusal
        except StellaError as refusal:
            said = f"Error response from daemon: manifest unknown: {refusal}"
            raise failed(["docker", "pull", image], said) from refusal
        state["images"][image] = {"Id": about["digest"], "config": config}
        return image

    def _image_ls(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        wanted = [word.partition("reference=")[2] for word in words if "reference=" in word]
        found = [image for image in wanted if image in state["images"]]
        if any(word.startswith("--format=") for word in words):
            return "\n".join(found)
        return "\n".join(state["images"][image]["Id"] for image in found)

    def _image_inspect(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        names = [word for word in words if not word.startswith("--")]
        found = []
        for name in names:
            known = [i for i, image in state["images"].items() if name in {i, image["Id"]}]
            if not known:
                raise failed(["docker", "image", "inspect", name], f"No such image: {name}")
            identity = state["images"][known[0]]["Id"]
            same = [i for i, image in state["images"].items() if image["Id"] == identity]
            found.append({"Id": identity, "RepoDigests": same})
        if any(word.startswith("--format") for word in words):
            return json.dumps(found[0]["RepoDigests"])
        return json.dumps(found)

    # ------------------------------------------------------------ containers

    def _ps(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        name, has_label, value = _value(words, "--filter=label=").partition("=")
        network = _value(words, "--filter=network=")
        found = [
            key
            for key, one in state["containers"].items()
            if (not has_label or one["Config"]["Labels"].get(name) == value)
            and (not network or network in _networks_of(one))
        ]
        return "\n".join(found)

    def _inspect(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        names = [word for word in words if not word.startswith("--")]
        missing = [name for name in names if name not in state["containers"]]
        if missing:
            raise failed(["docker", "container", "inspect"], f"No such container: {missing[0]}")
        return json.dumps([state["containers"][name] for name in names])

    def _run(self, state: dict[str, Any], words: list[str], directory: Path) -> str:
        at = next(i for i, word in enumerate(words) if "@sha256:" in word)
        options, image, command = words[:at], words[at], words[at + 1 :]
        labels = dict(
            word.removeprefix("--label=").split("=", 1)
            for word in options
            if word.startswith("--label=")
        )
        file = _value(options, "--label-file=")
        if file:
            lines = (directory / file).read_text().splitlines()
            labels |= dict(line.split("=", 1) for line in lines if line)
        name = _value(options, "--name=")
        ports = [w.removeprefix("--publish=") for w in options if w.startswith("--publish=")]
        networks = [w.removeprefix("--network=") for w in options if w.startswith("--network=")]
        self.create(
            state, name, image, labels=labels, command=command, ports=ports, networks=networks
        )
        self.begin(state, name)
        return name

    def create(
        self,
        state: dict[str, Any],
        name: str,
        image: str,
        *,
        labels: dict[str, str],
        command: list[str],
        ports: list[str],
        networks: Sequence[str] = (),
    ) -> None:
        """Make a container that does not run yet."""
        if name in state["containers"]:
            raise failed(["docker", "run", name], f"Conflict. The name {name} is already in use")
        if image not in state["images"]:
            raise failed(["docker", "run", name], f"No such image: {image}")
        known = state["images"][image]
        state["containers"][name] = {
            "Name": f"/{name}",
            "Image": known["Id"],
            "Config": {"Image": image, "Labels": labels},
            "State": {"Status": "created", "ExitCode": 0},
            "RestartCount": 0,
            "NetworkSettings": {"Networks": {network: {} for network in networks}},
            "Simulated": {
                "check": (known["config"].get("Healthcheck") or {}).get("Test"),
                "command": command or known["config"].get("Cmd") or [],
                "ports": [port for port in ports if ":" in port],
                "starts": 0,
            },
        }

    def begin(self, state: dict[str, Any], name: str) -> None:
        """Start it: a command or health check that ends in ``false`` fails, all others go well."""
        one = state["containers"][name]
        for other in state["containers"].values():
            taken = set(other["Simulated"]["ports"]) & set(one["Simulated"]["ports"])
            if other is not one and other["State"]["Status"] == "running" and taken:
                port = min(taken)
                raise failed(
                    ["docker", "start", name], f"Bind for {port} failed: port is already allocated"
                )
        one["Simulated"]["starts"] += 1
        if one["Simulated"]["command"][-1:] == ["false"]:
            one["State"] = {"Status": "exited", "ExitCode": 1}
            return
        one["State"] = {"Status": "running", "ExitCode": 0}
        check = one["Simulated"]["check"]
        if check:
            is_sick = str(check[-1]).split()[-1] == "false"
            one["State"]["Health"] = {"Status": "unhealthy" if is_sick else "healthy"}

    def _start(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        self._known(state, words[-1])
        self.begin(state, words[-1])
        return words[-1]

    def _stop(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        self._known(state, words[-1])["State"] = {"Status": "exited", "ExitCode": 0}
        return words[-1]

    def _rm(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        state["containers"].pop(words[-1], None)
        return words[-1]

    def _network_create(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        state["networks"].append(words[-1])
        labels = [w.removeprefix("--label=") for w in words if w.startswith("--label=")]
        state.setdefault("networkLabels", {})[words[-1]] = labels
        return words[-1]

    def _network_ls(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        wanted = _value(words, "--filter=label=")
        labels: dict[str, list[str]] = state.get("networkLabels", {})
        return "\n".join(
            name for name in state["networks"] if not wanted or wanted in labels.get(name, ())
        )

    def _network_rm(self, state: dict[str, Any], words: list[str], _: Path) -> str:
        if words[-1] not in state["networks"]:
            raise failed(["docker", "network", "rm", words[-1]], f"network {words[-1]} not found")
        for one in state["containers"].values():
            if one["State"]["Status"] == "running" and words[-1] in _networks_of(one):
                raise failed(
                    ["docker", "network", "rm", words[-1]],
                    f"error while removing network: network {words[-1]} has active endpoints",
                )
        state["networks"].remove(words[-1])
        return words[-1]

    def _known(self, state: dict[str, Any], name: str) -> dict[str, Any]:
        if name not in state["containers"]:
            raise failed(["docker", "start", name], f"No such container: {name}")
        found: dict[str, Any] = state["containers"][name]
        return found


def open_simulated(directory: Path, host: str) -> SimulatedEngine:
    """The engine of one pretended host; all hosts below ``directory`` share its registry."""
    registry = SimulatedRegistry(directory / "registry")
    return SimulatedEngine(directory / "hosts" / host, registry)


def failed(argv: Sequence[str], said: str) -> CommandFailed:
    """A command that ended with 1 and these words."""
    return CommandFailed(
        f"{' '.join(list(argv)[:4])} ... ended with status 1: {said}",
        remedy=Remedy("This host is simulated: look at its directory."),
        argv=list(argv),
        exit_status=1,
        output=said,
    )


def specification_hash(specification: Any) -> str:
    """What tells whether a container has to be made anew."""
    return digest_of(specification).hex


def _networks_of(container: dict[str, Any]) -> dict[str, Any]:
    """The networks that it is on; none is known of one that an earlier version made."""
    found: dict[str, Any] = container.get("NetworkSettings", {}).get("Networks", {})
    return found


def _value(words: Sequence[str], prefix: str) -> str:
    return next((word.removeprefix(prefix) for word in words if word.startswith(prefix)), "")
