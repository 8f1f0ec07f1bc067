"""A hostile user at a real ``stella serve``: what is sent by halves, without end, or too often."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from fixtures.hosts import Host, free_port, password_in
from stella.client import Client, Refused

pytestmark = pytest.mark.program

WAIT_S = 20


@dataclass(frozen=True)
class Victim:
    """A server that runs, and its administrator's token."""

    host: Host
    token: str
    process: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def client(self) -> Client:
        return Client(self.host.url, self.token)

    @property
    def memory_mb(self) -> int:
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

    def login(self) -> str:
        """One more token of the administrator."""
        with self.client as client:
            made = client.post("/tokens", {"name": "more"})
        return str(made["token"])

    def send(self, *pieces: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.host.api_port), timeout=WAIT_S)
        for piece in pieces:
            connection.sendall(piece)
        return connection


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    host = Host(tmp_path_factory.mktemp("victim") / "data", free_port(), free_port())
    with host.serving() as serving:
        password = password_in(host.command("serve", "--reset-admin").stdout)
        with Client(host.url) as nobody:
            body = {"name": "admin", "password": password}
            token = nobody.post("/login", body, token=True)["token"]
        yield Victim(host, token, serving.process.pid)


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def head(victim: Victim, path: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: stella\r\nAuthorization: Bearer {victim.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_half_a_request_does_nothing_even_where_it_reads_like_a_whole_one(victim: Victim) -> None:
    body = json.dumps({"name": "halfway", "roles": ["admin"]}).encode()
    victim.send(head(victim, "/api/v1/users", len(body) + 1), body).close()
    # The one after it is answered after it: both go through the same door.
    whole = victim.send(
        head(victim, "/api/v1/users", len(body)), body.replace(b"halfway", b"all-of-")
    )
    assert whole.recv(100).startswith(b"HTTP/1.1 201")
    with victim.client as client:
        assert "halfway" not in {one["name"] for one in client.items("/users")}


def test_headers_without_end_are_cut_off(victim: Victim) -> None:
    before = victim.memory_mb
    line = b"X-More: " + b"a" * 1000 + b"\r\n"
    with pytest.raises(OSError):  # noqa: PT011 - reset or broken pipe, as it happens
        victim.send(b"GET /healthz HTTP/1.1\r\n", *[line * 100] * 1000)
    with pytest.raises(OSError):  # noqa: PT011
        victim.send(b"GET /healthz HTTP/1.1\r\nX-One: ", *[b"a" * 100_000] * 1000)
    assert victim.memory_mb < before + 30
    assert httpx.get(f"{victim.host.url}/healthz").text == "ok\n"


def test_a_head_that_is_large_but_bounded_is_answered(victim: Victim) -> None:
    headers = {f"X-{number}": "a" * 500 for number in range(60)}
    assert httpx.get(f"{victim.host.url}/healthz", headers=headers).text == "ok\n"


def test_large_bodies_of_nobody_are_not_all_kept(victim: Victim) -> None:
    before = victim.memory_mb
    part = b"x" * 1_000_000
    refused = 0
    held = []
    for _ in range(120):
        connection = victim.send(b"POST /api/v1/apply HTTP/1.1\r\nHost: a\r\n")
        connection.sendall(b"Content-Length: 8000000\r\n\r\n")
        connection.sendall(part)
        held.append(connection)
    with victim.client as client:  # small requests go on
        assert client.get("/me")["user"]["name"] == "admin"
    for connection in held:
        connection.settimeout(0.05)
        try:
            refused += b"ST-API-010" in connection.recv(4096)
        except (TimeoutError, ConnectionError):
            continue
        finally:
            connection.close()
    assert refused > 20
    assert victim.memory_mb < before + 120


def login_attempt(number: int) -> bytes:
    body = json.dumps({"name": f"nobody-{number}", "password": "not the right one"})
    return (
        "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def test_a_flood_of_logins_leaves_the_others_room(victim: Victim) -> None:
    before = victim.memory_mb
    peak: list[int] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            peak.append(victim.memory_mb)

    watcher = threading.Thread(target=watch)
    watcher.start()
    attempts = [victim.send(login_attempt(number)) for number in range(60)]
    begun = time.monotonic()
    with victim.client as client:
        client.get("/me")
    waited_s = time.monotonic() - begun
    statuses = {attempt.recv(12)[-3:] for attempt in attempts}
    ended.set()
    watcher.join()
    assert statuses == {b"401", b"503"}
    assert waited_s < 3
    assert max(peak) < before + 400
    with victim.client as client:
        assert client.get("/me")["user"]["name"] == "admin"


ENDLESS = """package stella.policy
results contains {"rule": "r", "outcome": "pass", "message": "fine"} if {
  count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000)]) > 0
}
"""


def test_a_policy_without_end_is_refused_and_the_server_goes_on_meanwhile(victim: Victim) -> None:
    document = {
        "apiVersion": "stella/v1",
        "kind": "Policy",
        "name": "endless",
        "spec": {"rego": ENDLESS},
    }
    refusals: list[Refused] = []

    def apply() -> None:
        with victim.client as client, pytest.raises(Refused) as refusal:
            client.post("/apply", {"documents": [document]})
        refusals.append(refusal.value)

    applying = threading.Thread(target=apply)
    applying.start()
    longest_s = 0.0
    with victim.client as client:
        while applying.is_alive():
            begun = time.monotonic()
            client.get("/me")
            longest_s = max(longest_s, time.monotonic() - begun)
            applying.join(0.1)
        assert [one.code for one in refusals] == ["ST-POL-008"]
        assert longest_s < 3
        assert "endless" not in {one["name"] for one in client.items("/policies")}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"approvals": [{"rule": f"r{n}", "approvers": ["a"]} for n in range(50_000)]}, "rules"),
        ({"approvals": [{"rule": "r" * 100_000, "approvers": ["a"]}]}, "characters"),
        ({"parameters": {"a": 2**70}}, "2**53"),
        ({"afterr": "dev"}, "did you mean 'after'"),
    ],
)
def test_documents_beyond_measure_are_refused_at_once(
    victim: Victim, spec: dict[str, object], said: str
) -> None:
    document = {"apiVersion": "stella/v1", "kind": "Environment", "name": "e", "spec": spec}
    begun = time.monotonic()
    with victim.client as client:
        with pytest.raises(Refused) as refusal:
            client.post("/apply", {"documents": [document]})
        assert refusal.value.code == "ST-ENV-002"
        assert said in str(refusal.value)
        assert time.monotonic() - begun < 30
        assert not list(client.items("/environments"))


def test_event_streams_of_one_user_are_counted_and_given_back(victim: Victim) -> None:
    request = (
        f"GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {victim.token}\r\n\r\n"
    )
    streams = [victim.send(request.encode()) for _ in range(50)]
    assert all(b"200 OK" in stream.recv(4096) for stream in streams)
    one_more = httpx.get(f"{victim.host.url}/api/v1/events", headers=victim.headers)
    assert one_more.status_code == 503
    assert one_more.json()["code"] == "ST-API-010"
    for stream in streams:
        stream.close()

    def is_open_again() -> bool:
        with httpx.stream(
            "GET", f"{victim.host.url}/api/v1/events", headers=victim.headers
        ) as answer:
            return answer.status_code == 200

    until(is_open_again)


def test_a_stream_ends_with_the_token_that_opened_it(victim: Victim) -> None:
    token = victim.login()
    url, headers = f"{victim.host.url}/api/v1", {"Authorization": f"Bearer {token}"}
    with httpx.stream("GET", f"{url}/events", headers=headers, timeout=WAIT_S) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: synced"
        assert httpx.post(f"{url}/logout", headers=headers).status_code == 204
        said = "".join(lines)  # it ends: no time-out
    assert "TokenRevoked" not in said
    assert httpx.get(f"{url}/me", headers=headers).status_code == 401


def test_what_is_no_http_is_answered_and_the_server_stays(victim: Victim) -> None:
    for nonsense in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        os.urandom(4000),
    ):
        answer = b""
        with suppress(OSError):  # the server may hang up at the first byte, or in between
            connection = victim.send(nonsense)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(100)
        assert answer[:12] in {b"HTTP/1.1 400", b""}
    assert httpx.get(f"{victim.host.url}/healthz").text == "ok\n"


def test_no_path_leads_to_a_file_of_the_machine(victim: Victim) -> None:
    for path in (
        "/../../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fetc/passwd",
        "/%00",
        "//etc/passwd",
        "/api/v1/evidence/evd_1/entries/../../../../etc/passwd",
        "/api/v1/evidence/evd_1/entries//etc/passwd",
        "/api/v1/artifacts/..%2f..%2fkeys%2fca.key",
    ):
        request = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        connection = victim.send(f"{request}Authorization: Bearer {victim.token}\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
        assert b"root:" not in answer
        assert b"PRIVATE KEY" not in answer
        assert answer[9:12] in {b"404", b"400", b"422", b"200"}
        assert not answer.startswith(b"HTTP/1.1 200") or b"<title>" in answer  # the console's page


def test_a_signal_ends_it_also_with_half_requests_open(tmp_path: Path) -> None:
    host = Host(tmp_path / "data", free_port(), free_port())
    with host.serving() as serving:
        half = socket.create_connection(("127.0.0.1", host.api_port))
        half.sendall(b"POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        code, _, _ = serving.end(signal.SIGTERM)
        half.close()
    assert code == 0
