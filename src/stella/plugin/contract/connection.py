"""How a connector reaches what it connects to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stella.kernel import Json

if TYPE_CHECKING:
    import socket


Connect = Callable[[str, int, float], "socket.socket"]
"""(host, port, timeout in seconds) -> a connected TCP socket, where the host lets it be reached.
Raises ConnectorsOff, HostNotGranted, OSError."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one service, as its connection profile says.

    endpoint: URL. config: what ``config_schema`` allows. credentials: name -> the secret, asked for
    at each use and never kept. ca: PEM of an own authority. proxy: URL. connect: the only way to
    the network; a connector never opens a socket by itself. used: of a step, input -> the connector of
    the integration that it names, as ``uses`` of its contribution says; none where it names none.
    """

    endpoint: str
    connect: "Connect" = field(repr=False)
    config: Mapping[str, Json] = field(default_factory=dict)
    credentials: Mapping[str, Callable[[], str]] = field(default_factory=dict, repr=False)
    ca: str | None = None
    proxy: str | None = None
    timeout_s: int = 30
    used: Mapping[str, Any] = field(default_factory=dict, repr=False)
