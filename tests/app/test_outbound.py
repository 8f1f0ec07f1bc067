"""The way out: where the guard lets, to the address that was judged, in the time that there is."""

import socket
import time

import pytest

from stella.app.outbound import connect_within
from stella.hub.guard import Allowed


@pytest.mark.parametrize("host", ["a..example.com", f"{'a' * 64}.example.com"])
def test_a_name_that_cannot_be_looked_up_is_no_way(host: str):
    connect = connect_within(Allowed(("*.example.com",)), is_offline=False)
    with pytest.raises(OSError, match="no name that can be looked up"):
        connect(host, 443, 1)


def test_many_addresses_get_no_more_time_than_one(monkeypatch: pytest.MonkeyPatch):
    """Whoever answers for a name may name a hundred that never answer."""
    dead = [(socket.AF_INET, 1, 6, "", (f"127.0.9.{number}", 443)) for number in range(1, 100)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: dead)

    def never(_address: object, timeout: float) -> socket.socket:
        time.sleep(timeout)
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", never)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        connect_within(Allowed(None, ("127.0.0.0/8",)), is_offline=False)("many.example", 443, 0.2)
    assert time.monotonic() - begun < 10
