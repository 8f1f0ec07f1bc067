"""One Docker Engine as a host of its own: containerd, dockerd, bridge, socket and data root.

It leaves the packet filter alone (``--iptables=false``): published ports are served on the
loopback address by docker-proxy, and containers reach each other over their bridge. So nothing
of the machine's own firewall, forwarding or Docker changes, and nothing is to be put back.
"""

import ipaddress
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stella.lab.errors import CommandFailed
from stella.lab.process import end_program, run_command, start_program

_DISABLED_PLUGINS = [
    "io.containerd.grpc.v1.cri",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.zfs",
]


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What one engine is given: everything that could collide with another engine."""

    name: str
    directory: Path
    docker_config: Path
    bridge: str
    pool: ipaddress.IPv4Network
    registry: str
    storage_driver: str
    cgroup: str


class Host:
    """A Docker host. ``url`` is its DOCKER_HOST; ``run`` is the docker command line on it."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self.name = settings.name
        self.socket = settings.directory / "docker.sock"
        self.url = f"unix://{self.socket}"
        self._containerd: subprocess.Popen[bytes] | None = None
        self._dockerd: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to reach this host and no other."""
        return {
            "DOCKER_HOST": self.url,
            "DOCKER_CONFIG": str(self._settings.docker_config),
            "DOCKER_CONTEXT": "",
            "DOCKER_TLS_VERIFY": "",
            "DOCKER_BUILDKIT": "0",
        }

    def run(self, arguments: Sequence[str], *, timeout_s: float = 300) -> str:
        """``docker ARGUMENTS`` on this host; its output. Raises CommandFailed."""
        argv = ["docker", *arguments]
        return run_command(argv, environment=self.environment, timeout_s=timeout_s)

    def compose(self, arguments: Sequence[str], *, timeout_s: float = 300) -> str:
        """``docker compose ARGUMENTS`` on this host; its output. Raises CommandFailed."""
        return self.run(["compose", *arguments], timeout_s=timeout_s)

    def start(self) -> None:
        """Start containerd and dockerd and wait until the engine answers."""
        directory = self._settings.directory
        directory.mkdir(parents=True, exist_ok=True)
        self._containerd = self._start_containerd(directory)
        (directory / "daemon.json").write_text(
            # The key would otherwise be made in /etc/docker.
            json.dumps({"deprecated-key-path": str(directory / "key.json")})
        )
        self._dockerd = start_program(
            self._dockerd_argv(directory),
            log=directory / "dockerd.log",
            is_ready=self._answers,
        )

    def _start_containerd(self, directory: Path) -> "subprocess.Popen[bytes]":
        configuration = directory / "containerd.toml"
        configuration.write_text(
            "version = 2\n"
            f'root = "{directory}/containerd/root"\n'
            f'state = "{directory}/containerd/state"\n'
            f"disabled_plugins = {json.dumps(_DISABLED_PLUGINS)}\n"
            f'[grpc]\naddress = "{directory}/containerd.sock"\n'
            f'[plugins."io.containerd.internal.v1.opt"]\npath = "{directory}/containerd/opt"\n'
        )
        # An own containerd, or dockerd would join the one that the machine's Docker uses.
        return start_program(
            ["containerd", "--config", str(configuration)],
            log=directory / "containerd.log",
            is_ready=(directory / "containerd.sock").exists,
        )

    def _dockerd_argv(self, directory: Path) -> list[str]:
        settings = self._settings
        return [
            "dockerd",
            f"--config-file={directory}/daemon.json",
            f"--containerd={directory}/containerd.sock",
            f"--data-root={directory}/data",
            f"--exec-root={directory}/exec",
            f"--pidfile={directory}/dockerd.pid",
            f"--host={self.url}",
            f"--bridge={settings.bridge}",
            f"--default-address-pool=base={settings.pool},size=24",
            f"--cgroup-parent=/{settings.cgroup}",
            f"--storage-driver={settings.storage_driver}",
            f"--insecure-registry={settings.registry}",
            "--exec-opt=native.cgroupdriver=cgroupfs",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--ip-masq=false",
        ]

    def _answers(self) -> bool:
        if not self.socket.exists():
            return False
        try:
            self.run(["version", "--format", "{{.Server.Version}}"], timeout_s=5)
        except CommandFailed:
            return False
        return True

    def stop(self) -> None:
        """Remove all containers and networks, then end dockerd and containerd."""
        if self._dockerd is not None and self._dockerd.poll() is None:
            self._remove_workloads()
        for process in (self._dockerd, self._containerd):
            if process is not None:
                end_program(process)
        self._dockerd = self._containerd = None

    def _remove_workloads(self) -> None:
        """Remove what runs. An engine that no longer answers is left to the sweep after it."""
        try:
            containers = self.run(["ps", "--all", "--quiet"], timeout_s=20).split()
            if containers:
                self.run(["rm", "--force", "--volumes", *containers], timeout_s=60)
            self.run(["network", "prune", "--force"], timeout_s=30)
        except CommandFailed:
            return


def docker_config(directory: Path, compose: Path) -> Path:
    """A DOCKER_CONFIG folder of the lab's own in which ``docker compose`` is ``compose``."""
    plugins = directory / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    link = plugins / "docker-compose"
    if not link.exists():
        try:
            link.symlink_to(compose.resolve())
        except OSError:
            shutil.copy2(compose, link)
    (directory / "config.json").write_text("{}")
    return directory
