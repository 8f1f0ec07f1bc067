"""Addresses are taken before anything else is done: a taken port is one clear refusal."""

import errno
import socket

from stella.app.errors import AddressTaken
from stella.kernel import Remedy

_BACKLOG = 512


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A socket that listens at the address. setting: its key's beginning, ``listen``.

    Raises AddressTaken, also for an address that is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Accepted connections inherit it. Without it each answer waits 40 ms for an acknowledgement.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        made.close()
        number = error.errno if isinstance(error, OSError) else None
        whys = {
            errno.EADDRINUSE: "another program listens there",
            errno.EACCES: "this user may not listen there",
            errno.EADDRNOTAVAIL: "this machine has no such address",
        }
        raise AddressTaken(
            f"cannot listen at {host} port {port}: {whys.get(number or 0, str(error))}",
            remedy=Remedy(f"Stop that program, or set {setting}_host or {setting}_port."),
            host=host,
            port=port,
        ) from error
    return made


def port_of(listener: socket.socket) -> int:
    """The port that it listens at; what 0 became."""
    port: int = listener.getsockname()[1]
    return port
