"""Addresses that no connector reaches by accident: where clouds hand a machine its credentials."""

import ipaddress
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds tell a machine who it is and hand it credentials: AWS, Azure (also its wire server),
# Google, Oracle (169.254 and its IPv6 forms), Alibaba, and Oracle's first generation.
METADATA = tuple(
    ipaddress.ip_network(one)
    for one in (
        "169.254.0.0/16",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "fe80::/10",
        "fd00:ec2::/32",
        "fd00:c1::/32",
        "fd20:ce::254/128",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052


def plain(address: Address) -> Address:
    """An IPv4 address that an IPv6 one leads to (mapped, 6to4, NAT64) is judged as what it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inside = address.ipv4_mapped or address.sixtofour
    if inside is None and address in _NAT64:
        inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inside or address


def is_of_metadata(address: str) -> bool:
    """Whether that address is link-local, or else one of a cloud's metadata service."""
    at = plain(ipaddress.ip_address(address))
    return any(at.version == one.version and at in one for one in METADATA)
