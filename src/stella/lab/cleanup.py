"""Remove everything a lab made, whether it ended well or was killed at any moment."""

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from stella.kernel import Remedy
from stella.lab.errors import CommandFailed, LabRootInUse, LeftBehind
from stella.lab.network import bridges_within, remove_link
from stella.lab.process import end_processes, processes_of, run_command
from stella.lab.state import STATE_FILE, LabState, load_state, process_started

_SHIM_SOCKETS = Path("/run/containerd/s")
_ROUNDS = 20


def cleanup(root: Path) -> None:
    """End and remove what a killed lab left below and for ``root``; nothing to do is no error.

    Raises LabRootInUse where its owner still runs or ``root`` is no lab's, LeftBehind where
    something resists.
    """
    if not root.exists():
        return
    state = load_state(root)
    if process_started(state.owner_pid) == state.owner_started and state.owner_pid != os.getpid():
        raise LabRootInUse(
            f"the lab in {root} still runs, owned by process {state.owner_pid}",
            remedy=Remedy("End that process first.", f"kill {state.owner_pid}"),
            root=str(root),
            owner_pid=state.owner_pid,
        )
    remove_traces(state)


def remove_traces(state: LabState) -> None:
    """Processes, mounts, links, cgroups, sockets and directories, in this order."""
    for _ in range(_ROUNDS):  # a shim may start a process while we look
        processes = processes_of(state.root)
        if not processes:
            break
        _remove_shim_sockets(processes, state)
        end_processes(processes)
    for mount in mounts_below(state.root):
        with contextlib.suppress(CommandFailed):
            run_command(["umount", "--lazy", mount])
    for name in [*bridges_within(state.subnets), *state.bridges]:
        remove_link(name)
    _remove_cgroups(state.cgroup)
    _remove_directories(state)


def mounts_below(root: Path) -> list[str]:
    """Mount points below ``root``, the deepest first."""
    points = [
        line.split(" ")[4].replace("\\040", " ")
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
    ]
    return sorted((point for point in points if point.startswith(f"{root}/")), reverse=True)


def _remove_shim_sockets(processes: Iterable[int], state: LabState) -> None:
    """A killed shim leaves its socket, named by the hash of what its command line says.

    containerd 1.6, runtime/v2/shim/util_unix.go: sha256 of address/namespace/id.
    """
    for pid in processes:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if not {"-namespace", "-id", "-address"} <= set(words):
            continue
        value = {flag: words[words.index(flag) + 1] for flag in ("-namespace", "-id", "-address")}
        if value["-address"].startswith(f"{state.root}/"):
            text = f"{value['-address']}/{value['-namespace']}/{value['-id']}"
            (_SHIM_SOCKETS / hashlib.sha256(text.encode()).hexdigest()).unlink(missing_ok=True)


def cgroup_directories(name: str) -> list[Path]:
    """The lab's cgroup in each hierarchy, children before parents."""
    top = Path("/sys/fs/cgroup")
    parents = [path for path in (top / name, *top.glob(f"*/{name}")) if path.is_dir()]
    found = [
        Path(folder) for parent in parents for folder, _, _ in os.walk(parent, followlinks=False)
    ]
    return sorted(found, key=lambda path: len(path.parts), reverse=True)


def _remove_cgroups(name: str) -> None:
    for _ in range(_ROUNDS):
        remaining = cgroup_directories(name)
        if not remaining:
            return
        for directory in remaining:
            with contextlib.suppress(OSError):
                directory.rmdir()
        time.sleep(0.02)


def _remove_directories(state: LabState) -> None:
    # What says that it is a lab goes last: by it the rest is found again, if this is killed too.
    inside = [one for one in Path(state.root).glob("*") if one.name != STATE_FILE]
    for one in inside:
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
    if not any(one.exists() for one in inside):
        shutil.rmtree(state.root, ignore_errors=True)
    for name in state.empty_directories:
        with contextlib.suppress(OSError):  # somebody else has put something there since
            Path(name).rmdir()
    leftovers = [
        *(f"process {pid}" for pid in processes_of(state.root)),
        *(f"mount {point}" for point in mounts_below(state.root)),
        *(f"cgroup {path}" for path in cgroup_directories(state.cgroup)),
        *([f"directory {state.root}"] if state.root.exists() else []),
    ]
    if leftovers:
        raise LeftBehind(
            f"the lab could not remove {', '.join(leftovers)}",
            remedy=Remedy("End what still uses it and remove it by hand."),
            leftovers=leftovers,
        )
