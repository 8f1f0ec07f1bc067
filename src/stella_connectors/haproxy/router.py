"""Weights of the servers of one backend, by HAProxy's runtime API over TCP.

A route is a backend (``backend`` in its configuration), a backend of the contract one of its servers. A
change of weights ends no connection; it lasts until HAProxy is started anew.
"""

import re
import time
from functools import reduce
from math import gcd
from urllib.parse import urlsplit

from stella.sdk import (
    Connection,
    NotSupported,
    NotThere,
    Remedy,
    ServiceRefused,
    ServiceUnreachable,
    Weight,
)

_ALL = 1000
_WEIGHT_MAX = 256
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,200}\Z")
_ANSWER_BYTES_MAX = 1024 * 1024
_SERVERS_MAX = 1000
# Columns of "show servers state" (its version 1), docs/management.txt of HAProxy.
_HEAD = "# be_id be_name srv_id srv_name"
_NAME_AT, _WEIGHT_AT = 3, 7


class HaproxyRouter:
    """``stella.sdk.Router``. The endpoint is ``tcp://host:port``: ``stats socket ipv4@... level admin``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        parts = urlsplit(connection.endpoint)
        self._host, self._port = parts.hostname or "", parts.port or 0

    def weights(self, route: str) -> tuple[Weight, ...]:
        """In permille, rounded so that together they are 1,000."""
        return _permille(self._servers(route))

    def set_weights(self, route: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
        """All of them in one question; what was is set again where HAProxy refuses one."""
        before = self._servers(route)
        wanted = {one.backend: one.permille for one in weights}
        if wanted.keys() != before.keys() or len(wanted) != len(weights):
            raise self._not_supported("every server of the backend is named once")
        if sum(wanted.values()) != _ALL or min(wanted.values()) < 0:
            raise self._not_supported("the weights are not 1,000 together")
        unit = reduce(gcd, wanted.values())
        if max(wanted.values()) // unit > _WEIGHT_MAX:
            raise self._not_supported(f"its weights go up to {_WEIGHT_MAX}")
        said = self._set(route, {name: share // unit for name, share in wanted.items()})
        if said:
            self._set(route, before)
            raise self._not_supported(said)
        return self.weights(route)

    def check(self) -> str:
        """Its version."""
        for line in self._ask("show info"):
            name, _, value = line.partition(": ")
            if name == "Version" and value.isprintable():
                return f"HAProxy {value[:60]}"
        raise self._unreachable("it does not say its version")

    def _servers(self, route: str) -> dict[str, int]:
        """Name -> weight."""
        if not _NAME.match(route):
            raise self._not_there(route)
        version, *lines = self._ask(f"show servers state {route}")
        if "find backend" in version:
            raise self._not_there(route)
        if version != "1" or not lines or not lines[0].startswith(_HEAD):
            raise self._unreachable("its answer is no state of servers")
        found = {}
        for line in lines[1 : _SERVERS_MAX + 1]:
            words = line.split()
            is_row = len(words) > _WEIGHT_AT and words[_WEIGHT_AT].isdigit()
            if not is_row or not _NAME.match(words[_NAME_AT]):
                raise self._unreachable("its answer is no state of servers")
            found[words[_NAME_AT]] = int(words[_WEIGHT_AT])
        if not sum(found.values()):
            raise self._unreachable("no server of the backend has any weight")
        return found

    def _set(self, route: str, weights: dict[str, int]) -> str:
        """What it has against it; nothing where it did it."""
        commands = [f"set server {route}/{name} weight {weights[name]}" for name in sorted(weights)]
        return " ".join(self._ask("; ".join(commands), may_be_empty=True))[:200]

    def _ask(self, command: str, *, may_be_empty: bool = False) -> list[str]:
        """The lines of its answer, which ends with the connection."""
        why, parts = "", []
        ends_at = time.monotonic() + self._connection.timeout_s
        try:
            with self._connection.connect(
                self._host, self._port, self._connection.timeout_s
            ) as opened:
                opened.sendall(f"{command}\n".encode())
                size = 0
                while piece := opened.recv(65_536):
                    parts.append(piece)
                    size += len(piece)
                    if size > _ANSWER_BYTES_MAX or time.monotonic() > ends_at:
                        why = "its answer is too large, or too slow"
                        break
                    opened.settimeout(max(0.01, ends_at - time.monotonic()))
        except OSError as error:
            why = f"{type(error).__name__}: {error}"
        text = b"".join(parts).decode("utf-8", "replace")
        if why:
            raise self._unreachable(why)
        if "Permission denied" in text:
            raise ServiceRefused(
                f"HAProxy at {self._place} does not let us change anything",
                remedy=Remedy("Give its `stats socket` the `level admin`."),
                service=self._place,
            )
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines and not may_be_empty:
            raise self._unreachable("it answers nothing")
        return lines

    @property
    def _place(self) -> str:
        return f"{self._host}:{self._port}"

    def _unreachable(self, why: str) -> ServiceUnreachable:
        told = "".join(one if one.isprintable() else " " for one in why[:300])
        return ServiceUnreachable(
            f"HAProxy at {self._place} gives no usable answer: {told}",
            remedy=Remedy("Check the address of its runtime API, and that it runs."),
            service=self._place,
        )

    def _not_supported(self, why: str) -> NotSupported:
        told = "".join(one if one.isprintable() else " " for one in why)
        return NotSupported(
            f"HAProxy at {self._place} cannot divide so: {told}",
            remedy=Remedy(
                "Divide otherwise; the backend needs `balance roundrobin` or `leastconn`."
            ),
            service=self._place,
        )

    def _not_there(self, route: str) -> NotThere:
        told = "".join(one if one.isprintable() else " " for one in route[:60])
        return NotThere(
            f"HAProxy at {self._place} has no backend {told!r}",
            remedy=Remedy("Name a backend of its configuration."),
            service=self._place,
        )


def _permille(weights: dict[str, int]) -> tuple[Weight, ...]:
    """Largest remainders first, so that the sum is 1,000; weights: not all of them 0."""
    total = sum(weights.values())
    shares = {name: divmod(weight * _ALL, total) for name, weight in weights.items()}
    left = _ALL - sum(whole for whole, _ in shares.values())
    first = sorted(shares, key=lambda name: (-shares[name][1], name))[:left]
    return tuple(Weight(name, shares[name][0] + (name in first)) for name in sorted(shares))
