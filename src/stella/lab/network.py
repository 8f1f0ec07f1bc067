"""Bridges and ports of the lab's own."""

import contextlib
import ipaddress
import json
import socket
import time
from collections.abc import Iterator, Sequence

from stella.kernel import Remedy
from stella.lab.errors import NoFreeSubnet
from stella.lab.process import run_command

# Rarely used on a developer's machine: 64 pairs, each a /24 for an engine's bridge and a /20 from
# which Compose cuts its networks.
_BRIDGES = ipaddress.IPv4Network("10.96.0.0/18")
_POOLS = ipaddress.IPv4Network("10.100.0.0/14")


def free_port() -> int:
    """A TCP port of the loopback address that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def taken_networks() -> list[ipaddress.IPv4Network]:
    """The IPv4 networks that this machine routes or has addresses in (the default route aside)."""
    taken = [
        ipaddress.IPv4Network(f"{address['local']}/{address['prefixlen']}", strict=False)
        for link in json.loads(run_command(["ip", "-json", "-4", "address"]))
        for address in link.get("addr_info", [])
    ]
    routes = json.loads(run_command(["ip", "-json", "-4", "route"]))
    taken += [
        ipaddress.IPv4Network(route["dst"], strict=False)
        for route in routes
        if route["dst"] != "default"
    ]
    return taken


def free_subnets() -> tuple[ipaddress.IPv4Network, ipaddress.IPv4Network]:
    """A free /24 for an engine's bridge, and the /20 for the networks that engine will make.

    The two belong together by number, so the bridge alone reserves both: two labs never share
    a pool, and the sweep after one cannot take a bridge of the other. Raises NoFreeSubnet.
    """
    taken = taken_networks()
    pairs = zip(_BRIDGES.subnets(new_prefix=24), _POOLS.subnets(new_prefix=20), strict=True)
    for bridge, pool in pairs:
        if not any(network.overlaps(bridge) or network.overlaps(pool) for network in taken):
            return bridge, pool
    raise NoFreeSubnet(
        f"no free networks within {_BRIDGES} and {_POOLS}",
        remedy=Remedy("Remove networks that are no longer used.", "ip -4 route"),
        bridges=str(_BRIDGES),
        pools=str(_POOLS),
    )


@contextlib.contextmanager
def choosing_alone(timeout_s: float = 20) -> Iterator[None]:
    """Hold off every other lab of this machine between choosing a subnet and taking it.

    An abstract Unix socket is the lock: the kernel frees it whatever happens to us (unix(7)).
    """
    deadline = time.monotonic() + timeout_s
    with socket.socket(socket.AF_UNIX) as lock:
        while True:
            try:
                lock.bind("\0stella-lab-subnets")
                break
            except OSError as taken:
                if time.monotonic() > deadline:
                    raise NoFreeSubnet(
                        "another lab has been choosing its networks for too long",
                        remedy=Remedy("Try again once it has started."),
                    ) from taken
                time.sleep(0.05)
        yield


def add_bridge(name: str, subnet: ipaddress.IPv4Network) -> None:
    """Make a bridge that is up and holds the first address of ``subnet``."""
    first = next(subnet.hosts())
    run_command(["ip", "link", "add", name, "type", "bridge"])
    run_command(["ip", "address", "add", f"{first}/{subnet.prefixlen}", "dev", name])
    run_command(["ip", "link", "set", name, "up"])


def bridges_within(subnets: Sequence[str]) -> list[str]:
    """The bridges that hold an address of one of ``subnets``: those that our engines made."""
    ours = [ipaddress.IPv4Network(subnet) for subnet in subnets]
    return [
        str(link["ifname"])
        for link in json.loads(
            run_command(["ip", "-json", "-4", "address", "show", "type", "bridge"])
        )
        for address in link.get("addr_info", [])
        if any(ipaddress.IPv4Address(address["local"]) in network for network in ours)
    ]


def link_names() -> set[str]:
    """The names of all network links."""
    return {str(link["ifname"]) for link in json.loads(run_command(["ip", "-json", "link"]))}


def remove_link(name: str) -> None:
    """Remove a link; one that is gone already is no error."""
    if name in link_names():
        run_command(["ip", "link", "delete", name])
