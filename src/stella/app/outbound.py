"""The way out: every connector's connections are opened here, where the guard lets them."""

import socket
import time
from collections.abc import Iterator

from stella.hub.errors import ConnectorsOff, HostNotGranted
from stella.hub.guard import Allowed, refuse_address, refuse_host
from stella.kernel import Remedy
from stella.plugin.contract.connection import Connect


def connect_within(allowed: Allowed, *, is_offline: bool) -> Connect:
    """Opens connections to what ``allowed`` allows; to nothing where the installation is offline."""

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        """The name is looked up once, and the address that was judged is the one that is reached."""
        if is_offline:
            raise ConnectorsOff(
                f"{host[:100]} is not reached: this installation is offline",
                remedy=Remedy("Set `offline` to false where connectors may reach the network."),
                host=host[:100],
            )
        refuse_host(host, allowed)
        refusal: HostNotGranted | None = None
        trouble: OSError | None = None
        ends_at = time.monotonic() + timeout
        for address in _addresses(host, port):
            left_s = ends_at - time.monotonic()
            if left_s <= 0:
                break  # whoever names many addresses gets no more time for that
            try:
                refuse_address(host, address, allowed)
                return socket.create_connection((address, port), left_s)
            except HostNotGranted as one:
                refusal = one
            except OSError as error:
                trouble = error
        raise trouble or refusal or OSError(f"{host} has no address")

    return connect


def _addresses(host: str, port: int) -> Iterator[str]:
    seen = set()
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError(f"{host[:100]} is no name that can be looked up") from None
    for *_, address in found:
        plain = str(address[0]).partition("%")[0]
        if plain not in seen:
            seen.add(plain)
            yield plain
