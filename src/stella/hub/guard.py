"""May a connector reach this host, at this address? Names are granted; private networks are named."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from stella.hub.errors import HostNotGranted
from stella.kernel import Remedy
from stella.kernel.address import METADATA, Address, plain
from stella.plugin.manifest import covers

# All that is given out for the open network; the rest is local, special, or an IPv4 address in disguise.
_UNICAST = ipaddress.IPv6Network("2000::/3")  # IANA, "IPv6 Global Unicast Address Assignments"

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one connector may reach.

    hosts: names, ``*.name`` for all below one; None for any. networks: private networks (CIDR) that
    may be reached. An address that stands in ``hosts`` itself is named by that.
    """

    hosts: tuple[str, ...] | None
    networks: tuple[str, ...] = ()


def is_network(text: str) -> bool:
    """Whether it names a network, ``10.0.0.0/8``."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def refuse_host(host: str, allowed: Allowed) -> None:
    """Return where the name may be reached. Raises HostNotGranted."""
    if allowed.hosts is None or any(covers(one, host.lower()) for one in allowed.hosts):
        return
    raise HostNotGranted(
        f"{host[:100]} is no host that may be reached: it was not granted",
        remedy=Remedy("If it is meant, name it under `hosts` of the integration."),
        host=host[:100],
    )


def refuse_address(host: str, address: str, allowed: Allowed) -> None:
    """Return where the address behind ``host`` may be reached. Raises HostNotGranted.

    Loopback, private, link-local (the cloud's metadata service among them), multicast and reserved
    addresses are refused unless they are named; a wide network that they lie in does not name
    addresses of metadata services.
    """
    at = plain(ipaddress.ip_address(address))
    metadata = next((one for one in METADATA if _lies_in(at, [str(one)])), None)
    if metadata is None and _is_open(at):
        return
    networks = [one for one in allowed.networks if metadata is None or _is_within(one, metadata)]
    if _is_named(host, at, allowed.hosts or ()) or _lies_in(at, networks):
        return
    raise HostNotGranted(
        f"{host[:100]} lies at {at}, in a private network that may not be reached"
        if metadata is None
        else f"{host[:100]} lies at {at}, where clouds hand out credentials: it must be named",
        remedy=Remedy(_how_to_name(at, allowed)),
        host=host[:100],
        address=str(at),
    )


def _how_to_name(address: Address, allowed: Allowed) -> str:
    if allowed.hosts is None:
        return (
            "If it is meant, apply an Integration with it as its endpoint, or name its network in "
            "the setting `networks`."
        )
    return (
        "If it is meant, name its network under `networks` of the integration, "
        f"such as {address}/{address.max_prefixlen}."
    )


def _is_open(address: Address) -> bool:
    is_given_out = isinstance(address, ipaddress.IPv4Address) or address in _UNICAST
    return address.is_global and not address.is_multicast and is_given_out


def _is_named(host: str, address: Address, hosts: Iterable[str]) -> bool:
    """Whether the reference to the host is the address itself, and that was granted."""
    try:
        literal = plain(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return host.lower() == "localhost" and address.is_loopback and "localhost" in hosts
    return literal == address and host.strip("[]") in hosts


def _is_within(network: str, wide: Network) -> bool:
    found = ipaddress.ip_network(network)
    return found.version == wide.version and found.subnet_of(wide)  # type: ignore[arg-type]


def _lies_in(address: Address, networks: Iterable[str]) -> bool:
    found = (ipaddress.ip_network(one) for one in networks)
    return any(address.version == one.version and address in one for one in found)
