"""One call on one line, and what a plugin asks of the host meanwhile: the doors of its process."""

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from stella.kernel import StellaError
from stella.plugin.calls import (
    Answer,
    Ask,
    Call,
    Door,
    End,
    Next,
    NoWay,
    Refused,
    Stop,
    Streaming,
    host_methods,
    methods_of,
)
from stella.plugin.contract.connection import Connect
from stella.plugin.contract.core import Capability, Kind, Manifest
from stella.plugin.contract.deployed import is_secret_reference
from stella.plugin.contract.target import Host, HostRequest
from stella.plugin.crossing import refusal_of, refused, wordless
from stella.plugin.manifest import covers
from stella.plugin.wire import to_wire
from stella.sdk.apart.host_line import Budget, Lost, PluginLine

_STOP_S = 5.0
_ASKS_MAX = 1000
_HOST_ASKS_MAX = 20_000
_PORT_MAX = 65535
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}\Z")


@dataclass(frozen=True, slots=True)
class Doors:
    """What of the world one contribution reaches, by its configuration. used: input -> a connector."""

    connect: Connect
    login: Callable[[], tuple[str, str]] | None
    credentials: Mapping[str, Callable[[], str]]
    host: Host | None = None
    used: Mapping[str, tuple[Kind, Any]] = field(default_factory=dict)


def connect_anywhere(host: str, port: int, timeout: float) -> socket.socket:
    """Where a configuration names no way to the network: any."""
    return socket.create_connection((host, port), timeout)


def doors_of_host(host: Host) -> Doors:
    """A target's host, and nothing else."""
    return Doors(_connect_nowhere, None, {}, host)


def _connect_nowhere(_host: str, _port: int, _timeout: float) -> socket.socket:
    raise PermissionError(1, "this has no connection")


NO_DOORS = Doors(_connect_nowhere, None, {})


class Exchange:
    """One call on one line, and what the plugin asks of the host meanwhile."""

    def __init__(self, line: PluginLine, manifest: Manifest, doors: Doors, budget: Budget) -> None:
        self._line = line
        self._needs = {need.capability: need.hosts for need in manifest.needs}
        self._doors = doors
        self._budget = budget
        self._raised: list[StellaError] = []
        self._reads_secrets = any(one.kind is Kind.SECRET_STORE for one in manifest.contributes)
        self._is_open = False
        self._is_over = False
        self._asks = 0

    def ask(self, call: Call, raw: Mapping[str, bytes]) -> Any:
        """What it says to a call: a message, or the refusal. Raises Lost."""
        self._line.send(call, self._budget)
        for content in raw.values():
            self._line.send_pieces(content, self._budget)
        said = self._receive()
        self._is_open = isinstance(said, Streaming)
        return said

    def pieces(self) -> Iterator[bytes]:
        """To the end of the stream. Raises Lost, and what it refuses with."""
        while self._is_open:
            self._is_open = False
            self._line.send(Next(), self._budget)
            said = self._receive()
            if isinstance(said, bytes):
                self._is_open = True
                yield said
            elif isinstance(said, StellaError):
                self._is_over = True
                raise said
            elif isinstance(said, End):
                self._is_over = True
            else:
                raise Lost(f"it said {type(said).__name__} in a stream")

    def stop(self) -> bool:
        """Whether the stream is closed on the other side as well, soon."""
        if not self._is_open:
            return self._is_over
        self._is_open = False
        self._budget = Budget(_STOP_S)
        with suppress(Lost):
            self._line.send(Stop(), self._budget)
            return isinstance(self._receive(), End | StellaError)
        return False

    def _receive(self) -> Any:
        while True:
            said = self._line.receive(self._budget)
            match said:
                case Ask():
                    self._answer(said)
                case Refused():
                    return self._refusal(said)
                case _:
                    return said

    def _refusal(self, said: Refused) -> StellaError:
        if said.echo is not None and 0 <= said.echo < len(self._raised):
            return self._raised[said.echo]
        refusal = refusal_of(said)
        if refusal is None:
            raise Lost(f"it refused with {said.code[:20]}, which no connector knows")
        return wordless(refusal) if self._reads_secrets else refusal

    def _answer(self, ask: Ask) -> None:
        self._asks += 1
        most = _ASKS_MAX if ask.door is not Door.HOST else _HOST_ASKS_MAX
        if self._asks > most:
            raise Lost(f"it asked the host for more than {most} things in one call")
        begun = time.monotonic()
        try:
            self._open_door(ask)
        except StellaError as refusal:
            self._raised.append(refusal)
            self._line.send(refused(refusal, echo=len(self._raised) - 1), self._budget)
        except (ValueError, TypeError) as error:  # words that no system takes, such as a NUL
            self._line.send(NoWay(22, type(error).__name__), self._budget)
        except OSError as error:
            self._line.send(NoWay(error.errno or 0, str(error)[:500]), self._budget)
        finally:
            # A command on a host has a limit of its own, and may take longer than any plugin.
            if ask.door is not Door.HOST or ask.name == "wait":
                self._budget.take(time.monotonic() - begun)

    def _open_door(self, ask: Ask) -> None:
        match ask.door:
            case Door.CONNECT:
                self._may(Capability.NETWORK, ask.name)
                timeout_s = min(ask.timeout_ms / 1000, self._budget.left_s())
                if not (_HOST.match(ask.name) and 0 < ask.port <= _PORT_MAX and timeout_s > 0):
                    raise OSError(22, "there is no such place, or no time")
                with self._doors.connect(ask.name, ask.port, timeout_s) as connected:
                    self._line.send(Answer(), self._budget, descriptor=connected.fileno())
            case Door.LOGIN:
                self._may(Capability.READ_SECRET)
                if self._doors.login is None:
                    raise PermissionError(1, "this connection has no login")
                self._hand_over(self._doors.login())
            case Door.CREDENTIAL:
                self._may(Capability.READ_SECRET)
                if ask.name not in self._doors.credentials:
                    raise PermissionError(1, "this connection has no such credential")
                self._hand_over((self._doors.credentials[ask.name](),))
            case Door.HOST:
                self._use_host(ask)
            case Door.USED:
                self._use(ask)

    def _use_host(self, ask: Ask) -> None:
        host = self._doors.host
        if host is None:
            raise PermissionError(1, "there is no host here")
        if ask.name == "wait":
            host.wait(min(ask.timeout_ms / 1000, self._budget.left_s()))
            self._line.send(Answer(), self._budget)
            return
        method = host_methods().get(ask.name)
        if method is None:
            raise PermissionError(1, "a host has no such method")
        given = method.unflat(ask.arguments)
        if ask.name == "run":
            self._may_run(given.arguments["argv"])
        if ask.name == "send":
            self._may_send(given.arguments["request"])
        value = getattr(host, ask.name)(*given.args, **given.kwargs)
        self._line.send(Answer(result={"value": to_wire(value)}), self._budget)

    def _use(self, ask: Ask) -> None:
        """One call of the integration that an input names; a stream of bytes does not cross."""
        if ask.name not in self._doors.used:
            raise PermissionError(1, "no integration is named there")
        kind, made = self._doors.used[ask.name]
        method = methods_of(kind).get(ask.method)
        if method is None or method.is_stream:
            raise PermissionError(1, f"a {kind.value} has no such method for a step")
        given = method.unflat(ask.arguments)
        value = getattr(made, method.name)(*given.args, **given.kwargs)
        self._line.send(Answer(result={"value": to_wire(value)}), self._budget)

    def _may_run(self, argv: Sequence[str]) -> None:
        is_docker = bool(argv) and argv[0] == "docker" and Capability.DOCKER in self._needs
        if not argv or not is_docker:
            self._may(Capability.RUN_COMMAND)

    def _may_send(self, request: HostRequest) -> None:
        """To the hosts that it may reach; and a header of it is a secret only where it may read some."""
        if any(map(is_secret_reference, _texts_of(request))):
            self._may(Capability.READ_SECRET)
        at = urlsplit(request.endpoint).hostname or ""
        is_named = not is_secret_reference(request.endpoint)
        # What a reference leads to is not known here: only who may reach any host may go there.
        self._may(Capability.NETWORK, at if is_named and at else "a host that a reference names")

    def _may(self, capability: Capability, host: str = "") -> None:
        hosts = self._needs.get(capability)
        if hosts is None:
            raise PermissionError(1, f"its manifest does not ask for {capability.value}")
        if host and hosts and not any(covers(one, host.lower()) for one in hosts):
            raise PermissionError(1, f"its manifest does not ask for {host[:100]}")

    def _hand_over(self, secrets: tuple[str, ...]) -> None:
        self._line.keep_secret(*secrets)
        self._line.send(Answer(tuple(secrets)), self._budget)


def _texts_of(request: HostRequest) -> Iterator[str]:
    """Where in a request a secret reference may stand."""
    yield request.endpoint
    yield request.ca or ""
    yield from request.headers.values()
    if request.signing is not None:
        yield request.signing.region
        yield request.signing.access_key_id
        yield request.signing.secret_access_key
        yield request.signing.session_token
