"""A host whose engine is simulated; its files are real."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stella.kernel import Remedy
from stella.plugin.contract.deployed import is_secret_reference
from stella.plugin.contract.target import HostRequest, HostResponse
from stella.plugin.refusals import CommandMissing, SecretUnresolved, ServiceUnreachable
from stella.sdk.files import ProjectFiles
from stella.sdk.testing.engine import SimulatedEngine


class SimulatedHost:
    """``stella.sdk.Host`` on a simulated engine. Nothing waits, and every line says what it is.

    fail_at: where a test wants it to be killed: called with each command before it is done. answer:
    the one service that it reaches; its references are not resolved. None: it reaches none.
    """

    def __init__(
        self,
        engine: SimulatedEngine,
        projects: Path,
        project: str,
        *,
        log: Callable[[str], None] = lambda _: None,
        stop: threading.Event | None = None,
        fail_at: Callable[[Sequence[str]], None] = lambda _: None,
        answer: Callable[[HostRequest], HostResponse] | None = None,
    ) -> None:
        self._engine = engine
        self._files = ProjectFiles(projects, project)
        self._log = log
        self._stop = stop or threading.Event()
        self._fail_at = fail_at
        self._answer = answer

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: int,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """What the command would have printed."""
        del timeout_s, stdin, environment
        self._fail_at(argv)
        if argv[0] != "docker":
            raise CommandMissing(
                f"a simulated host has no {argv[0]}", remedy=Remedy("Use a real one for this.")
            )
        return self._engine.run(argv, self._files.directory).encode()

    def send(self, request: HostRequest) -> HostResponse:
        """What the service that this host was given answers. Raises ServiceUnreachable for
        none, SecretUnresolved where it is named by a reference.
        """
        if self._answer is None and is_secret_reference(request.endpoint):
            raise SecretUnresolved(
                f"a simulated host has no {request.endpoint}",
                remedy=Remedy("Use a real one for this."),
                reference=request.endpoint,
            )
        if self._answer is None:
            raise ServiceUnreachable(
                f"a simulated host does not reach {request.endpoint}",
                remedy=Remedy("Use a real one for this."),
                service=request.endpoint,
            )
        return self._answer(request)

    def write(self, name: str, content: bytes) -> str:
        """Place a file of the project."""
        return self._files.write(name, content)

    def read(self, name: str) -> bytes | None:
        """A file of the project, or None."""
        return self._files.read(name)

    def log(self, line: str) -> None:
        """A line of progress, marked."""
        self._log(f"[simulated] {line}")

    def wait(self, seconds: float) -> None:
        """No time passes here."""
        self._stop.wait(min(seconds, 0.001))
