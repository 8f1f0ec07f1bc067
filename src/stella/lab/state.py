"""What the lab has put on this machine, written down before it is made."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stella.kernel import Remedy
from stella.lab.errors import LabRootInUse

STATE_FILE = "lab.json"


@dataclass(slots=True)
class LabState:
    """The names by which a later process finds everything that a killed lab left.

    Processes, mounts and containers are not listed one by one: all of them name ``root``.
    ``bridges`` are made by the lab; those that engines make have an address within ``subnets``.
    ``empty_directories`` did not exist before and are removed again once nothing is in them.
    """

    root: Path
    owner_pid: int
    owner_started: str
    cgroup: str
    bridges: list[str] = field(default_factory=list)
    subnets: list[str] = field(default_factory=list)
    empty_directories: list[str] = field(default_factory=list)

    def save(self) -> None:
        """Write the state whole or not at all."""
        document = {**asdict(self), "root": str(self.root)}
        draft = self.root / f"{STATE_FILE}.new"
        draft.write_text(json.dumps(document, indent=1))
        draft.replace(self.root / STATE_FILE)


def load_state(root: Path) -> LabState:
    """The state below ``root``. Raises LabRootInUse where the directory is not a lab's."""
    try:
        document = json.loads((root / STATE_FILE).read_text())
        return LabState(**{**document, "root": Path(document["root"])})
    except (OSError, ValueError, TypeError, KeyError) as trouble:
        raise LabRootInUse(
            f"{root} is not the directory of a lab",
            remedy=Remedy("Name a directory that holds lab.json."),
            root=str(root),
        ) from trouble


def process_started(pid: int) -> str | None:
    """The kernel's start time of ``pid`` in ticks since boot; None when there is no such process.

    Together with the pid it names a process for good, though pids are given out again (proc(5)).
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def owner_of_this_process() -> tuple[int, str]:
    """Pid and start time of the running process."""
    pid = os.getpid()
    started = process_started(pid)
    assert started is not None, "the running process has an entry in /proc"
    return pid, started
