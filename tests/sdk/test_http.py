"""The client that connectors speak HTTP with: authorities, proxies, redirects, and bounds on all."""

import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.registries import Answer, played_registry, served_tls
from stella.plugin.contract.connection import Connection
from stella.sdk.http import Connections, HttpTrouble, bounded, json_object
from stella.trust import create_authority, new_signer

pytestmark = pytest.mark.long

CONTENT = b'{"a":1}'
CANARY = "CANARY-d41d8cd9"


def client(**more: Any) -> Connections:
    return Connections(**{"is_plain": True, "timeout_s": 5, **more})


def get(connections: Connections, url: str, headers: dict[str, str] | None = None) -> bytes:
    answer = connections.send("GET", url, headers or {})
    try:
        return bounded(answer, 1024)
    finally:
        answer.close()


def direct(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def test_every_socket_is_opened_the_way_that_the_host_gives():
    asked: list[tuple[str, int]] = []

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        asked.append((host, port))
        return direct(host, port, timeout)

    with played_registry(lambda *_: Answer(body=CONTENT)) as host:
        profile = Connection(f"http://{host}", connect)
        assert get(Connections.of(profile), f"http://{host}/x") == CONTENT
        assert asked == [("127.0.0.1", int(host.rpartition(":")[2]))]


def test_a_connection_that_was_closed_meanwhile_is_opened_again():
    # Says that it stays open, and closes: what a server does to connections kept too long.
    with played_registry(lambda *_: Answer(body=CONTENT, closes=True)) as host:
        connections = client()
        for _ in range(3):
            assert get(connections, f"http://{host}/") == CONTENT


@pytest.mark.parametrize("is_given", [True, False], ids=["given", "of the environment"])
def test_a_proxy_is_told_the_whole_url(monkeypatch, is_given):
    asked: list[tuple[str, str | None]] = []

    def proxy(method, path, headers, body):
        asked.append((path, headers.get("proxy-authorization")))
        return Answer(body=CONTENT)

    with played_registry(proxy) as host:
        url = f"http://ana:pass@{host}"
        if not is_given:
            monkeypatch.setenv("http_proxy", url)
        connections = client(proxy=url) if is_given else client(uses_proxy=True)
        assert get(connections, "http://store.example/v1/x?y=1") == CONTENT
    assert asked == [("http://store.example/v1/x?y=1", "Basic YW5hOnBhc3M=")]


def test_a_profile_knows_no_proxy_of_the_environment(monkeypatch):
    with played_registry(lambda *_: Answer(body=CONTENT)) as host:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        profile = Connection(f"http://{host}", direct)
        assert get(Connections.of(profile), f"http://{host}/") == CONTENT


@pytest.fixture
def authority(tmp_path):
    return create_authority(tmp_path, new_signer(), datetime.now(UTC))


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "file"])
@pytest.mark.parametrize(
    ("name", "is_trusted"), [("store.example", True), ("another.example", False)]
)
def test_https_trusts_the_given_authority_and_only_the_right_name(
    tmp_path, authority, name, is_trusted, as_text
):
    file = tmp_path / "ca.pem"
    given = {"ca": file.read_text()} if as_text else {"ca_file": str(file)}
    with played_registry(
        lambda *_: Answer(body=CONTENT), served_tls(authority, name, tmp_path)
    ) as proxy:
        connections = client(is_plain=False, proxy=f"http://{proxy}", **given)
        if is_trusted:
            assert get(connections, "https://store.example/") == CONTENT
            assert get(connections, "https://store.example/") == CONTENT
        else:
            with pytest.raises(HttpTrouble, match="certificate"):
                get(connections, "https://store.example/")


def test_an_authority_of_its_own_is_the_only_one(tmp_path, authority):
    (tmp_path / "other").mkdir()
    create_authority(tmp_path / "other", new_signer(), datetime.now(UTC))
    tls = served_tls(authority, "store.example", tmp_path)
    with played_registry(lambda *_: Answer(body=CONTENT), tls) as proxy:
        connections = client(
            is_plain=False,
            proxy=f"http://{proxy}",
            ca=(tmp_path / "other" / "ca.pem").read_text(),
        )
        with pytest.raises(HttpTrouble, match="certificate"):
            get(connections, "https://store.example/")


@pytest.mark.parametrize("ca", ["no PEM", "-----BEGIN CERTIFICATE-----\nx\n", "\u20ac"])
def test_an_authority_that_is_none_is_refused_at_once(ca):
    with pytest.raises(HttpTrouble, match="no certificate"):
        Connections.of(Connection("https://store.example", direct, ca=ca))


def test_a_redirect_from_https_to_plain_http_is_refused(tmp_path, authority):
    answer = Answer(302, headers={"location": "http://store.example/x"})
    tls = served_tls(authority, "store.example", tmp_path)
    with played_registry(lambda *_: answer, tls) as proxy:
        connections = client(
            is_plain=False, proxy=f"http://{proxy}", ca_file=str(tmp_path / "ca.pem")
        )
        with pytest.raises(HttpTrouble, match="plain http"):
            get(connections, "https://store.example/")


@pytest.mark.parametrize("leads_elsewhere", [True, False])
def test_nothing_that_may_be_a_credential_follows_to_another_host(leads_elsewhere):
    seen: list[str] = []

    def store(method, path, headers, body):
        seen.append(str(headers))
        return Answer(body=CONTENT)

    with played_registry(store) as other:
        lead = Answer(307, headers={"location": f"http://{other}/x?signed=1"})
        with played_registry(lambda *_: lead) as host:
            connections = client(leads_elsewhere=leads_elsewhere)
            sent = {"Authorization": CANARY, "X-Vault-Token": CANARY, "Accept": "a/b"}
            if leads_elsewhere:
                assert get(connections, f"http://{host}/", sent) == CONTENT
                assert "a/b" in seen[0]
            else:
                with pytest.raises(HttpTrouble, match="another host"):
                    get(connections, f"http://{host}/", sent)
    assert len(seen) == leads_elsewhere
    assert CANARY not in "".join(seen)


@contextmanager
def dripping(head: bytes) -> Iterator[str]:
    """A server that sends ``head`` at once, and then a byte now and then; its host."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                connection.recv(65536)
                connection.sendall(head)
                while not ended.wait(0.02):
                    connection.sendall(b"x")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        ended.set()
        thread.join()


DRIPS = {
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n",
    "short body": b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n",
    "body and an end": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 60000\r\n\r\n",
    "head": b"HTTP/1.1 200 OK\r\nX-Long: ",
}


@pytest.mark.parametrize("head", DRIPS.values(), ids=DRIPS)
def test_an_answer_without_end_is_given_up(head: bytes):
    begun = time.monotonic()
    with dripping(head) as host, pytest.raises(HttpTrouble):
        get(client(timeout_s=1), f"http://{host}/")
    assert time.monotonic() - begun < 10


def test_an_answer_without_end_that_nobody_reads_is_given_up():
    begun = time.monotonic()
    with dripping(DRIPS["short body"]) as host:
        client(timeout_s=1).send("GET", f"http://{host}/", {}).close()
    assert time.monotonic() - begun < 10


def test_a_proxy_that_answers_without_end_is_given_up():
    begun = time.monotonic()
    with dripping(b"HTTP/1.1 200 OK\r\nX-Long: ") as host, pytest.raises(HttpTrouble):
        get(
            client(is_plain=False, proxy=f"http://{host}", timeout_s=1),
            "https://store.example/",
        )
    assert time.monotonic() - begun < 10


TELLING = {
    "a header that cannot be sent": ({"X-Vault-Token": f"{CANARY}\n"}, Answer()),
    "a header of other letters": ({"X-Vault-Token": f"{CANARY}\u20ac"}, Answer()),
    "a redirect": ({}, Answer(302, headers={"location": f"ftp://{CANARY}/"})),
}


@pytest.mark.parametrize(("headers", "answer"), TELLING.values(), ids=TELLING)
def test_trouble_quotes_nothing_sent_or_received(headers, answer):
    with played_registry(lambda *_: answer) as host, pytest.raises(HttpTrouble) as trouble:
        get(client(), f"http://{host}/", headers)
    untold(trouble.value)


def test_trouble_quotes_nothing_of_an_answer_that_is_no_http():
    with dripping(CANARY.encode() + b"\n") as host, pytest.raises(HttpTrouble) as trouble:
        get(client(), f"http://{host}/")
    untold(trouble.value)


def untold(trouble: BaseException) -> None:
    assert CANARY not in "".join(traceback.format_exception(trouble))
    assert trouble.__context__ is None
    assert trouble.__cause__ is None


@pytest.mark.parametrize(
    "content", [b"[]", b"7", b"", b"{", b'{"a":' * 100_000, b"\xff", b"[" * 100_000]
)
def test_what_is_no_json_object_is_none(content):
    assert json_object(content) is None


def test_the_door_of_the_sdk_does_not_load_it():
    """Loading it takes longer than much of what is done without it."""
    code = (
        "import sys, stella.sdk; sys.exit('stella.sdk.http' in sys.modules or 'ssl' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
