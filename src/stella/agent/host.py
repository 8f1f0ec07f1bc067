"""The machine, as a connector may touch it: commands without a shell, files of one project."""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stella.agent.registry_login import OpenLogins, RegistryLogins
from stella.agent.secrets import AskSecrets, resolved_here, unresolved
from stella.agent.send import exchanged, references_in
from stella.kernel import Remedy
from stella.sdk import CommandFailed, CommandMissing, CommandTimedOut, HostRequest, HostResponse
from stella.sdk.files import ProjectFiles
from stella.sdk.protocol import GivenSecrets, is_brokered, registry_of_login

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
        self._logins = RegistryLogins(directory)
        self.ask: AskSecrets | None = None
        """Asks the control plane for what lies in its secret stores; None where no order is held."""

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: int,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run it in the project's directory; its standard output, its standard error logged."""
        if self._stop.is_set():
            raise Stopped
        with self._logins.opened() as logins:
            added = self._resolved(environment or {}, logins)
            return self._run(argv, added, stdin, timeout_s)

    def _run(
        self,
        argv: Sequence[str],
        added: Mapping[str, str],
        stdin: bytes | None,
        timeout_s: int,
    ) -> bytes:
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

    def send(self, request: HostRequest) -> HostResponse:
        """One HTTP exchange, its references resolved for it alone."""
        if self._stop.is_set():
            raise Stopped
        wanted = {one: one for one in references_in(request)}
        with self._logins.opened() as logins:
            secrets = self._resolved(wanted, logins)
        answer = exchanged(request, secrets, self._stop)
        if answer is None:
            raise Stopped
        return answer

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

    def _resolved(self, environment: Mapping[str, str], logins: OpenLogins) -> dict[str, str]:
        """Its values, each reference's secret in its place and remembered, so that it is masked.

        What lies in a secret store is asked for now, all at once. A login that the control plane has
        none for is left out. Raises SecretUnresolved.
        """
        references = sorted({one for one in environment.values() if is_brokered(one)})
        registries = sorted(filter(None, map(registry_of_login, environment.values())))
        given = self._given(references, registries)
        by_registry = {one.registry: one for one in given.logins}
        found: dict[str, str] = {}
        for name, value in environment.items():
            registry = registry_of_login(value)
            if registry is None:
                found[name] = given.values[value] if is_brokered(value) else resolved_here(value)
                if found[name] != value:
                    self._learn(found[name])
            elif registry in by_registry:
                login = by_registry[registry]
                for part in (login.password, login.token):
                    self._learn(part)
                found[name] = logins.directory(login)
        return found

    def _given(self, references: Sequence[str], registries: Sequence[str]) -> GivenSecrets:
        if self.ask is not None and (references or registries):
            return self.ask(references, registries)
        if references:
            raise unresolved(references[0], "it lies in a secret store, and no order is held")
        return GivenSecrets()

    def _learn(self, secret: str) -> None:
        for part in {secret, *secret.splitlines()}:
            if len(part) >= _SECRET_LENGTH_MIN:
                self._secrets.add(part)

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
