"""The machine, as a connector may touch it: commands without a shell, files of one project."""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stella.kernel import Remedy
from stella.sdk import CommandFailed, CommandMissing, CommandTimedOut, SecretUnresolved
from stella.sdk.files import ProjectFiles

_OUTPUT_BYTES_MAX = 16 * 1024 * 1024
_TOLD_BYTES_MAX = 8_000
_SECRET_LENGTH_MIN = 4
_TICK_S = 0.1
MASK = "***"


class Stopped(BaseException):
    """The agent shall end. No refusal: nothing is undone, the order is gone on with later."""


class RealHost:
    """A project's place on this machine. One connector's call uses it at a time.

    log: called with each line, masked. stop: set when the agent shall end.
    """

    def __init__(
        self,
        directory: Path,
        project: str,
        *,
        log: Callable[[str], None],
        stop: threading.Event,
        timeout_s_max: int = 3600,
    ) -> None:
        self._files = ProjectFiles(directory, project)
        self._log = log
        self._stop = stop
        self._timeout_s_max = timeout_s_max
        self._secrets: set[str] = set()

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: int,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run it in the project's directory; its standard output, its standard error logged."""
        added = {name: self._resolved(value) for name, value in (environment or {}).items()}
        if self._stop.is_set():
            raise Stopped
        try:
            process = subprocess.Popen(
                list(argv),
                cwd=self._files.directory,
                env={**os.environ, **added},
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise CommandMissing(
                f"the program {argv[0]} is not installed on this host",
                remedy=Remedy("Install it, or give the target to another agent."),
                program=argv[0],
            ) from error
        output, said, status = self._watch(process, stdin, min(timeout_s, self._timeout_s_max))
        if status is None:
            raise CommandTimedOut(
                f"{self._masked(' '.join(argv[:4]))} ... did not end within {timeout_s} s",
                remedy=Remedy("See why on the host; then deploy again."),
                argv=[self._masked(word) for word in argv],
            )
        if status != 0:
            told = self._masked((said or output)[-_TOLD_BYTES_MAX:].decode(errors="replace"))
            last = next((line for line in reversed(told.splitlines()) if line.strip()), "no output")
            raise CommandFailed(
                f"{self._masked(' '.join(argv[:4]))} ... ended with status {status}: {last.strip()}",
                remedy=Remedy("Run it on the host to see more."),
                argv=[self._masked(word) for word in argv],
                exit_status=status,
                output=told,
            )
        return output

    def write(self, name: str, content: bytes) -> str:
        """Place a file of the project, whole or not at all."""
        return self._files.write(name, content)

    def read(self, name: str) -> bytes | None:
        """A file of the project, or None."""
        return self._files.read(name)

    def log(self, line: str) -> None:
        """A line of progress, masked."""
        self._log(self._masked(line.rstrip()))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        if self._stop.wait(seconds):
            raise Stopped

    def _watch(
        self, process: "subprocess.Popen[bytes]", stdin: bytes | None, timeout_s: float
    ) -> tuple[bytes, bytes, int | None]:
        """Output, errors and status; the status is None where it had to be ended."""
        output, said = bytearray(), bytearray()
        readers = [
            threading.Thread(target=self._collect, args=(process.stdout, output, False)),
            threading.Thread(target=self._collect, args=(process.stderr, said, True)),
        ]
        if stdin is not None:
            readers.append(threading.Thread(target=_feed, args=(process.stdin, stdin)))
        for reader in readers:
            reader.start()
        status: int | None = None
        ticks_max, ticks = int(timeout_s / _TICK_S), 0
        try:
            while status is None and ticks < ticks_max and not self._stop.is_set():
                # The end of its output comes at once; asking the process itself is a slow poll.
                readers[0].join(_TICK_S)
                ticks += readers[0].is_alive()
                status = process.poll()
                if status is None and not readers[0].is_alive():
                    try:
                        status = process.wait(_TICK_S)
                    except subprocess.TimeoutExpired:
                        ticks += 1
        finally:
            if status is None:
                _end(process)
            for reader in readers:
                reader.join(_TICK_S * 50)
        if status is None and self._stop.is_set():
            raise Stopped
        return bytes(output), bytes(said), status

    def _collect(self, stream: object, into: bytearray, told: bool) -> None:
        for line in iter(stream.readline, b""):  # type: ignore[attr-defined]
            if len(into) < _OUTPUT_BYTES_MAX:
                into += line
            if told and line.strip():
                self.log(line.decode(errors="replace"))

    def _resolved(self, value: str) -> str:
        """A secret reference's value, remembered so that it is masked; other values as they are."""
        scheme, found, rest = value.partition("://")
        if not found or scheme not in {"env", "file", "vault"}:
            return value
        secret = None
        if scheme == "env":
            secret = os.environ.get(rest)
        elif scheme == "file":
            try:
                secret = Path(rest).read_text().rstrip("\n")
            except (OSError, UnicodeDecodeError):
                secret = None
        if secret is None:
            raise SecretUnresolved(
                f"this host cannot resolve the secret {value}",
                remedy=Remedy("Give it to the agent: its environment, or a file that it may read."),
                reference=value,
            )
        if len(secret) >= _SECRET_LENGTH_MIN:
            self._secrets.add(secret)
        return secret

    def _masked(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text


def _feed(stream: object, content: bytes) -> None:
    try:
        stream.write(content)  # type: ignore[attr-defined]
        stream.close()  # type: ignore[attr-defined]
    except BrokenPipeError:
        return  # it ended without reading everything: its status says the rest


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it and what it started, asking first."""
    import signal

    for what, wait_s in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, what)
            process.wait(wait_s)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return
