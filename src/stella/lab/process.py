"""Start the lab's programs, and end them by identity: never a process of somebody else."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stella.kernel import Remedy
from stella.lab.errors import CommandFailed, PartDidNotStart
from stella.lab.state import process_started

_POLL_S = 0.03


def run_command(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 300,
    directory: Path | None = None,
) -> str:
    """Run ``argv`` to its end and give its standard output.

    ``environment`` is laid over the process's own. Raises CommandFailed with what it said.
    """
    try:
        done = subprocess.run(
            list(argv),
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            cwd=directory,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as trouble:
        raise CommandFailed(
            f"{argv[0]} could not be run to its end: {trouble}",
            remedy=Remedy("Run the command by hand to see why.", " ".join(argv)),
            argv=list(argv),
        ) from trouble
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise CommandFailed(
            f"{Path(argv[0]).name} ended with {done.returncode}: {said}",
            remedy=Remedy("Run the command by hand to see why.", " ".join(argv)),
            argv=list(argv),
            exit_code=done.returncode,
        )
    return done.stdout


def start_program(
    argv: Sequence[str],
    *,
    log: Path,
    is_ready: Callable[[], bool],
    timeout_s: float = 30,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start ``argv`` in a session of its own and wait until ``is_ready``.

    Raises PartDidNotStart with the end of its log; nothing runs then.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    deadline = time.monotonic() + timeout_s
    while not is_ready():
        if process.poll() is None and time.monotonic() < deadline:
            time.sleep(_POLL_S)
            continue
        ended_by_itself = process.poll() is not None
        process.kill()
        process.wait()
        raise PartDidNotStart(
            f"{Path(argv[0]).name} {'ended' if ended_by_itself else 'did not answer in time'}: "
            + log.read_text(errors="replace")[-1500:].strip(),
            remedy=Remedy("Read its log; free the port or install what it misses."),
            argv=list(argv),
        )
    return process


def end_program(process: "subprocess.Popen[bytes]", *, timeout_s: float = 15) -> None:
    """Ask a program that we started to end, and insist after ``timeout_s``."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def processes_of(root: Path) -> dict[int, str]:
    """Pids (with start times) of the programs and containers that live below ``root``.

    A program names the directory on its command line; a container has its root file system
    there (the first entry of its mountinfo). The running process is never among them.
    """
    needle = f"{root}/"
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        started = process_started(int(entry.name))
        is_program = _is_program_of(entry, needle, _PROGRAMS)
        if started and (is_program or _is_container_of(entry, needle)):
            found[int(entry.name)] = started
    return found


_PROGRAMS = ("containerd", "dockerd", "docker-registry", "containerd-shim", "docker-proxy")


def programs_naming(root: Path, names: tuple[str, ...]) -> dict[int, str]:
    """Pids (with start times) of this user's programs with these names that name a file below ``root``."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        started = process_started(int(entry.name))
        try:
            is_ours = entry.stat().st_uid == os.geteuid()
        except OSError:
            continue
        if started and is_ours and _is_program_of(entry, f"{root}/", names):
            found[int(entry.name)] = started
    return found


def _is_program_of(entry: Path, needle: str, names: tuple[str, ...]) -> bool:
    """Whether the process is one of these programs (an editor on a log is not)."""
    try:
        words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return Path(words[0]).name.startswith(names) and any(needle in word for word in words)


def _is_container_of(entry: Path, needle: str) -> bool:
    try:
        lines = (entry / "mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        words = line.split(" ")
        if words[4] == "/":
            return needle in line
    return False


def end_processes(processes: Mapping[int, str], *, timeout_s: float = 5) -> None:
    """Kill each process that is still the one that was listed, and wait until it is gone."""
    for pid, started in processes.items():
        if process_started(pid) == started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + timeout_s
    while any(process_started(pid) == started for pid, started in processes.items()):
        if time.monotonic() > deadline:
            return
        time.sleep(_POLL_S)
