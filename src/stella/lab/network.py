"""Bridges and ports of the lab's own."""

import ipaddress
import json
import socket
from collections.abc import Sequence

from stella.kernel import Remedy
from stella.lab.errors import NoFreeSubnet
from stella.lab.process import run_command

# 10.96.0.0/12 is rarely used on a developer's machine; each engine takes one /24 for its bridge
# and one /20 from which Compose cuts its networks.
_BRIDGES = ipaddress.IPv4Network("10.96.0.0/16")
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


def free_subnets(
    promised: Sequence[str] = (),
) -> tuple[ipaddress.IPv4Network, ipaddress.IPv4Network]:
    """A free /24 for an engine's bridge, and a free /20 for the networks it will make.

    ``promised`` networks are given away already though nothing on the machine shows it yet.
    """
    taken = [*taken_networks(), *(ipaddress.IPv4Network(network) for network in promised)]
    return _first_free(_BRIDGES, 24, taken), _first_free(_POOLS, 20, taken)


def _first_free(
    among: ipaddress.IPv4Network, prefix: int, taken: list[ipaddress.IPv4Network]
) -> ipaddress.IPv4Network:
    for candidate in among.subnets(new_prefix=prefix):
        if not any(candidate.overlaps(network) for network in taken):
            return candidate
    raise NoFreeSubnet(
        f"no free /{prefix} within {among}",
        remedy=Remedy("Remove networks that are no longer used.", "ip -4 route"),
        among=str(among),
    )


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
