"""What a connector may reach: hosts by name, private networks when they are named."""

import pytest

from stella.hub.errors import HostNotGranted
from stella.hub.guard import Allowed, refuse_address, refuse_host

GRANTED = Allowed(("registry.example.com", "*.cdn.example.net", "127.0.0.1"), ("10.1.0.0/16",))


@pytest.mark.parametrize(
    "host", ["registry.example.com", "REGISTRY.example.com", "a.cdn.example.net"]
)
def test_a_granted_host_is_reached(host: str) -> None:
    refuse_host(host, GRANTED)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "evil.com",
        "registry.example.com.evil.com",
        "cdn.example.net",
        "",
        "127.0.0.2",
    ],
)
def test_another_host_is_refused(host: str) -> None:
    with pytest.raises(HostNotGranted, match="was not granted"):
        refuse_host(host, GRANTED)


def test_any_host_is_reached_where_none_is_named() -> None:
    refuse_host("whatever.example", Allowed(None))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("registry.example.com", "93.184.216.34"),
        ("registry.example.com", "2606:2800:220:1::1"),
        ("registry.example.com", "10.1.2.3"),
        ("127.0.0.1", "127.0.0.1"),
        ("registry.example.com", "::ffff:93.184.216.34"),
    ],
)
def test_an_address_in_the_open_or_a_named_network_is_reached(host: str, address: str) -> None:
    refuse_address(host, address, GRANTED)


@pytest.mark.parametrize(
    "address",
    [
        "10.2.0.1",
        "127.0.0.1",
        "::1",
        "169.254.169.254",
        "fd00:ec2::254",
        "fe80::1",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "255.255.255.255",
        "::ffff:10.2.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b:1::1",
        "64:ff9b::a9fe:a9fe",
        "2002:0a02:0001::1",
        "fec0::1",
        "::127.0.0.1",
        "::10.2.0.1",
        "::ffff:0:169.254.169.254",
    ],
)
def test_a_private_address_behind_a_good_name_is_refused_with_what_to_write(address: str) -> None:
    with pytest.raises(HostNotGranted) as refusal:
        refuse_address("registry.example.com", address, GRANTED)
    assert "networks" in refusal.value.remedy.advice


def test_an_address_is_named_by_itself_alone() -> None:
    with pytest.raises(HostNotGranted):
        refuse_address("127.0.0.1", "127.0.0.2", GRANTED)
    with pytest.raises(HostNotGranted):
        refuse_address("10.2.0.1", "10.2.0.1", Allowed(None))


METADATA = ["169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"]


@pytest.mark.parametrize("address", METADATA)
def test_where_clouds_hand_out_credentials_is_reached_by_its_own_name_alone(address: str) -> None:
    anywhere = Allowed(None, ("0.0.0.0/0", "::/0", "100.64.0.0/10", "fd00::/8"))
    with pytest.raises(HostNotGranted, match="it must be named"):
        refuse_address("cloud.example.com", address, anywhere)
    bits = 128 if ":" in address else 32
    refuse_address("cloud.example.com", address, Allowed(None, (f"{address}/{bits}",)))
    refuse_address(address, address, Allowed((address,)))
