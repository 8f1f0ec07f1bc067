"""The agent's own machine: a process for each command, which ends with the agent; files of one project."""

import fcntl
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import IO

from stella.agent.lifeline import HELD, SHELL
from stella.agent.machine import Command, Ended, Stopped, Tell, watched
from stella.agent.registry_login import OpenLogins, RegistryLogins
from stella.kernel import Remedy
from stella.sdk import CommandMissing
from stella.sdk.files import ProjectFiles

_PIECE = 64 * 1024
_LEFT_S = 10.0
_HELD = f'exec 4<"$1"; shift\n{HELD}'


class LocalMachine:
    """``Machine``: the project's directory here."""

    def __init__(self, projects: Path, project: str) -> None:
        self._files = ProjectFiles(projects, project)
        self._logins = RegistryLogins(projects)
        self._running = projects / _RUNNING

    def run(self, command: Command, tell: Tell, stop: threading.Event) -> Ended:
        """``Machine``."""
        if stop.is_set():
            raise Stopped
        self._refuse_missing(command)
        kept = _in_memory(command.stdin)
        line, held = os.pipe()
        lock = os.open(self._running, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH)
            given = "/dev/null" if kept is None else f"/dev/fd/{kept}"
            process = subprocess.Popen(
                [SHELL, "-c", _HELD, "stella", given, *command.argv],
                cwd=self._files.directory,
                env={**os.environ, **command.environment},
                stdin=line,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(lock, *([] if kept is None else [kept])),
                start_new_session=True,
            )
        except BaseException:
            os.close(held)
            raise
        finally:
            for one in (line, lock, kept):
                if one is not None:
                    os.close(one)
        try:
            return watched(_LocalRun(process), command.timeout_s, tell, stop)
        finally:
            os.close(held)

    def write(self, name: str, content: bytes) -> str:
        """``Machine``."""
        return self._files.write(name, content)

    def read(self, name: str) -> bytes | None:
        """``Machine``."""
        return self._files.read(name)

    def logins(self) -> AbstractContextManager[OpenLogins]:
        """``Machine``."""
        return self._logins.opened()

    def close(self) -> None:
        """``Machine``: nothing leads here."""

    def _refuse_missing(self, command: Command) -> None:
        """Raises CommandMissing."""
        program = command.argv[0]
        path = command.environment.get("PATH", os.environ.get("PATH"))
        is_path = "/" in program
        there = (
            (self._files.directory / program).exists()
            if is_path
            else shutil.which(program, path=path)
        )
        if not there:
            raise missing(program)


def missing(program: str) -> CommandMissing:
    """The refusal of a program that the machine has not."""
    return CommandMissing(
        f"the program {program} is not installed on this host",
        remedy=Remedy("Install it, or give the target to another agent."),
        program=program,
    )


_RUNNING = ".running"


def wait_for_left(projects: Path) -> bool:
    """Return once what a killed agent began here has ended, as it does within seconds; False where
    something holds on. Only one agent runs on a state directory.
    """
    handle = os.open(projects / _RUNNING, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _LEFT_S
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(0.05)
        return False
    finally:
        os.close(handle)


class _LocalRun:
    """``UnderWay``: a process that leads a group of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def read_output(self) -> bytes:
        return _read(self._process.stdout)

    def read_errors(self) -> bytes:
        return _read(self._process.stderr)

    def status(self, wait_s: float) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(wait_s)
        return None

    def end(self) -> None:
        for what, wait_s in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(self._process.pid, what)
                self._process.wait(wait_s)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue


def _read(stream: IO[bytes] | None) -> bytes:
    assert stream is not None
    return os.read(stream.fileno(), _PIECE)


def _in_memory(content: bytes | None) -> int | None:
    """A descriptor that is read from its beginning, on no disk; None where there is nothing to read."""
    if content is None:
        return None
    handle = os.memfd_create("stdin")
    with os.fdopen(os.dup(handle), "wb") as file:
        file.write(content)
    return handle
