"""The programs of the demonstration: the ground, a server, two agents. Started here, ended here."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from stella.demo.ground import Ground
from stella.kernel import Remedy
from stella.lab import Notification, PartDidNotStart
from stella.lab.network import free_port
from stella.lab.process import end_program, start_program

_START_TIMEOUT_S = 60


@dataclass
class Stage:
    """Where everything of one demonstration lies. directory: removed when it ends."""

    ground: Ground
    directory: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="stella-demo-", dir="/tmp"))
    )
    api_port: int = field(default_factory=free_port)
    agents_port: int = field(default_factory=free_port)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    password: str = ""

    @property
    def url(self) -> str:
        """Of the API and the console."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.directory / "server"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What our programs are given: nothing of the user's own Stella reaches them."""
        plain = {key: value for key, value in os.environ.items() if not key.startswith("STELLA_")}
        return {**plain, "NO_COLOR": "1", **(more or {})}

    def start_server(self, advisories: Path) -> None:
        """Start the control plane and wait for it; its first credential is kept."""
        settings = self.directory / "server.yaml"
        settings.write_text(
            json.dumps(  # JSON is YAML
                {
                    "data_directory": str(self.data),
                    "listen_port": self.api_port,
                    "agents_port": self.agents_port,
                    "advisories": str(advisories),
                    "sweep_s": 2,
                    **self.ground.prepare(self.directory),
                }
            )
        )
        self.run_server()
        self.password = _bootstrap_password(self.directory / "server.log")

    def run_server(self) -> None:
        """Run the control plane with the settings that were written before."""
        self.processes["server"] = start_program(
            [*_stella(), "serve", "--settings", str(self.directory / "server.yaml")],
            log=self.directory / "server.log",
            is_ready=self._answers,
            environment=self.environment(),
            timeout_s=_START_TIMEOUT_S,
        )

    def start_ground(self) -> str:
        """Start registry and hosts; the registry tells the server of each push."""
        token = (self.data / "keys" / "registry-hook.token").read_text().strip()
        return self.ground.start(Notification(f"{self.url}/api/v1/hooks/registry", token))

    def enrol(self, host: str, command: Sequence[str]) -> None:
        """Enrol an agent with the command that the server printed for it."""
        state = self.directory / f"agent-{host}"
        run = subprocess.run(
            [*_stella(), *command[1:], "--state", str(state)],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if run.returncode != 0:
            raise PartDidNotStart(
                f"the agent of {host} did not enrol: {run.stderr.strip()[-800:]}",
                remedy=Remedy("Read the server's log."),
            )

    def start_agent(self, host: str) -> None:
        """Start the agent of one host."""
        name = host.removeprefix("host-")
        state = self.directory / f"agent-{host}"
        self.processes[host] = start_program(
            [*_stella(), "agent", "run", "--state", str(state)],
            log=self.directory / f"agent-{host}.log",
            is_ready=lambda: True,
            environment=self.environment(self.ground.host_environment(name)),
        )

    def stella(
        self, arguments: Sequence[str], *, token: str = "", timeout_s: float = 300
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command line as its user would; nothing is thrown for its exit code."""
        return subprocess.run(
            [*_stella(), *arguments],
            env=self.environment({"STELLA_URL": self.url, "STELLA_TOKEN": token}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def kill(self, name: str) -> None:
        """``kill -9`` of the server or of a host's agent."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop_server(self) -> None:
        """End the control plane."""
        if "server" in self.processes:
            end_program(self.processes.pop("server"))

    def save_logs(self, to: Path) -> None:
        """Keep what our programs printed; everything else goes with the stage."""
        to.mkdir(parents=True, exist_ok=True)
        for log in self.directory.glob("*.log"):
            shutil.copy2(log, to / log.name)

    def stop(self) -> None:
        """End every program and remove every file, in the order in which they lean on each other."""
        for name in [one for one in self.processes if one != "server"]:
            self.processes[name].terminate()  # all at once: each may take its time
        for name in [one for one in self.processes if one != "server"]:
            end_program(self.processes.pop(name))
        try:
            self.ground.stop()
        finally:
            self.stop_server()
            shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False


def new_secret() -> str:
    """A password for one demonstration."""
    return secrets.token_urlsafe(18)


def _stella() -> list[str]:
    return [sys.executable, "-m", "stella.cli.main"]


def _bootstrap_password(log: Path) -> str:
    """The one-time password that the server printed at its first start."""
    for line in log.read_text(errors="replace").splitlines():
        _, _, value = line.strip().partition("password:")
        if value:
            return value.strip()
    raise PartDidNotStart(
        "the server printed no first credential", remedy=Remedy(f"Read {log}."), log=str(log)
    )
