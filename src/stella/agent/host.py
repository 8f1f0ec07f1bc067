"""A machine, as a connector may touch it: commands without a shell, files of one project, no secrets seen."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from stella.agent.local import LocalMachine
from stella.agent.machine import Command, Ended, Logins, Machine, Stopped
from stella.agent.reached import reached
from stella.agent.secrets import AskSecrets, OwnSecrets, unresolved
from stella.agent.send import exchanged, references_in
from stella.kernel import Remedy
from stella.sdk import CommandFailed, CommandTimedOut, HostRequest, HostResponse
from stella.sdk.protocol import GivenSecrets, Reach, is_brokered, registry_of_login

_TOLD_BYTES_MAX = 8_000
_SECRET_LENGTH_MIN = 4
MASK = "***"


class RealHost:
    """A project's place on a machine. One connector's call uses it at a time.

    reach: the way to that machine; None where it is the agent's own. log: called with each line,
    masked. stop: set when the agent shall end. own: which secrets of the agent's machine are given.
    """

    def __init__(
        self,
        directory: Path,
        project: str,
        *,
        log: Callable[[str], None],
        stop: threading.Event,
        timeout_s_max: int = 3600,
        reach: Reach | None = None,
        own: OwnSecrets | None = None,
    ) -> None:
        self._log = log
        self._stop = stop
        self._timeout_s_max = timeout_s_max
        self._secrets: set[str] = set()
        self._own = own or OwnSecrets()
        self._named = None if reach is None else frozenset(reach.references)
        self.ask: AskSecrets | None = None
        """Asks the control plane for what lies in its secret stores; None where no order is held."""
        self._machine: Machine = (
            LocalMachine(directory, project)
            if reach is None
            else reached(reach, project, self._credential, stop)
        )

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
        with self._machine.logins() as logins:
            added = self._resolved(environment or {}, logins)
            command = Command(tuple(argv), min(timeout_s, self._timeout_s_max), added, stdin)
            ended = self._machine.run(command, self.log, self._stop)
        return self._output_of(ended, argv, timeout_s)

    def name(self, references: Iterable[str]) -> None:
        """Let a host that is reached have these too: the order names them. Nothing there may."""
        if self._named is not None:
            self._named |= frozenset(references)

    def close(self) -> None:
        """Leave the machine."""
        self._machine.close()

    def _output_of(self, ended: Ended, argv: Sequence[str], timeout_s: int) -> bytes:
        """Raises CommandTimedOut, CommandFailed."""
        output, said, status = ended.output, ended.said, ended.status
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
        secrets = self._credentials(references_in(request))
        answer = exchanged(request, secrets, self._stop)
        if answer is None:
            raise Stopped
        return answer

    def write(self, name: str, content: bytes) -> str:
        """Place a file of the project, whole or not at all. Raises Stopped."""
        if self._stop.is_set():
            raise Stopped  # the order may be somebody else's by now
        return self._machine.write(name, content)

    def read(self, name: str) -> bytes | None:
        """A file of the project, or None. Raises Stopped."""
        if self._stop.is_set():
            raise Stopped
        return self._machine.read(name)

    def log(self, line: str) -> None:
        """A line of progress, masked."""
        self._log(self._masked(line.rstrip()))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        if self._stop.wait(seconds):
            raise Stopped

    def _resolved(self, environment: Mapping[str, str], logins: Logins) -> dict[str, str]:
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
                found[name] = given.values[value] if is_brokered(value) else self._here(value)
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

    def _credential(self, reference: str) -> str:
        """What lets us in there: read now, and masked. Raises SecretUnresolved."""
        return self._credentials([reference])[reference]

    def _credentials(self, references: Iterable[str]) -> dict[str, str]:
        """Each reference's secret, those of secret stores all at once. Raises SecretUnresolved."""
        wanted = sorted(references)
        given = self._given([one for one in wanted if is_brokered(one)], [])
        found = {one: given.values[one] if is_brokered(one) else self._here(one) for one in wanted}
        for secret in found.values():
            self._learn(secret)
        return found

    def _here(self, value: str) -> str:
        return self._own.resolved(value, named=self._named)

    def _learn(self, secret: str) -> None:
        for part in {secret, *secret.splitlines()}:
            if len(part) >= _SECRET_LENGTH_MIN:
                self._secrets.add(part)

    def _masked(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text
