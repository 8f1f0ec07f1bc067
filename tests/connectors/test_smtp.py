"""Mail: nothing is said in the open, nothing begins a header, and a server that misbehaves costs a
refusal.
"""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.mails import serving_mail
from connectors.stores import direct
from connectors.test_notifiers import mailbox
from stella.sdk import Connection, Message, ServiceRefused, ServiceUnreachable
from stella.sdk.testing.telling import untold
from stella_connectors.smtp import open_smtp

pytestmark = pytest.mark.long

PASSWORD = "correct horse battery"
MESSAGE = Message("release/42", "shop 1.4 waits", "Two people have to approve.")


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[bytes]]]:
    """A server that says what ``talk`` says to each who comes; its port."""
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                with suppress(OSError):
                    taken, _ = server.accept()
                    with taken:
                        taken.settimeout(10)
                        talk(Recorded(taken, said))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], said
        ended.set()
        with suppress(OSError):
            socket.create_connection(server.getsockname(), 1).close()


class Recorded:
    def __init__(self, taken: socket.socket, said: list[bytes]) -> None:
        self.taken, self.said = taken, said

    def sendall(self, content: bytes) -> None:
        self.taken.sendall(content)

    def recv(self) -> bytes:
        content = self.taken.recv(4096)
        self.said.append(content)
        return content


def opened(port: int, timeout_s: int = 1, **config: Any) -> Any:
    whole = {"from": "stella@example.com", "to": ["ops@example.com"], **config}
    credentials = {"username": lambda: "ana", "password": lambda: PASSWORD}
    endpoint = f"smtp://127.0.0.1:{port}"
    return open_smtp(Connection(endpoint, direct, whole, credentials, timeout_s=timeout_s))


def test_a_stripped_starttls_is_refused_before_anything_is_said() -> None:
    def strip(taken: Any) -> None:
        taken.sendall(b"220 mail ESMTP\r\n")
        while line := taken.recv():
            if not line.upper().startswith((b"EHLO", b"NOOP")):
                taken.sendall(b"502 no\r\n")
                return
            taken.sendall(b"250-mail\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 1000000\r\n")

    with talking(strip) as (port, said):
        for call in (opened(port).check, lambda: opened(port).send(MESSAGE)):
            with pytest.raises(ServiceRefused, match="offers no TLS") as refused:
                call()
            untold(refused.value, (PASSWORD,))
    told = b"".join(said)
    assert b"AUTH" not in told.upper()
    assert b"MAIL FROM" not in told.upper()


def test_what_was_sent_before_the_handshake_does_not_count() -> None:
    """An answer that somebody put behind the 220 of STARTTLS in the open."""

    def inject(taken: Any) -> None:
        taken.sendall(b"220 mail ESMTP\r\n")
        taken.recv()
        taken.sendall(b"250-mail\r\n250 STARTTLS\r\n")
        taken.recv()
        taken.sendall(b"220 go on\r\n250-mail\r\n250 AUTH PLAIN\r\n235 welcome\r\n")
        taken.recv()

    with talking(inject) as (port, said), pytest.raises(ServiceUnreachable):
        opened(port).check()
    assert PASSWORD.encode() not in b"".join(said)


@pytest.mark.parametrize("by", ["starttls", "tls"])
def test_a_certificate_of_nobody_we_trust_is_refused(by: str, tmp_path: Path) -> None:
    scheme = {"starttls": "smtp", "tls": "smtps"}[by]
    with serving_mail(tmp_path, by=by) as mails:
        with pytest.raises(ServiceUnreachable, match="certificate"):
            mailbox(mails, scheme=scheme, ca=None).check()
        assert (mails.logins, mails.received) == (0, [])


@pytest.mark.parametrize("endpoint", ["smtp://mail.example.com", "smtps://127.0.0.1"])
def test_plain_is_for_this_machine_alone(endpoint: str) -> None:
    config = {"from": "a@example.com", "to": ["b@example.com"], "tls": False}
    with pytest.raises(ServiceRefused, match="this machine"):
        open_smtp(Connection(endpoint, direct, config))


def test_in_the_open_on_this_machine_mail_is_taken(tmp_path: Path) -> None:
    with serving_mail(tmp_path, by="plain", needs_login=False) as mails:
        config = {"from": "stella@example.com", "to": ["ops@example.com"], "tls": False}
        box = open_smtp(Connection(f"smtp://127.0.0.1:{mails.port}", direct, config, timeout_s=5))
        box.send(MESSAGE)
        assert "shop 1.4 waits" in mails.seen()[0]
        assert box.check() == "it takes mail from us in the open"


def test_the_key_is_the_message_id_and_no_header_is_anybodys_but_ours(tmp_path: Path) -> None:
    nasty = "hello\r\nBcc: mallory@example.com\r\nX-Evil: 1\r\n\r\n<html>"
    with serving_mail(tmp_path) as mails:
        box = mailbox(mails, to=["ops@example.com", "dev@example.com"])
        for key in ("release/42", "release/42", "release/43"):
            box.send(Message(key, nasty, nasty, fields={nasty: nasty}))
        ids = [one["message-id"] for one in mails.received]
        assert ids[0] == ids[1] != ids[2]
        assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", ids[0])
        mail = mails.received[0]
        assert set(mail) == {
            *("Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted"),
            *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
        } - ({"X-Peer"} & set(mail))
        assert mail["to"] == "ops@example.com, dev@example.com"
        assert mails.envelopes[0].rcpt_tos == ["ops@example.com", "dev@example.com"]


def test_mail_that_only_some_get_says_so(tmp_path: Path) -> None:
    with serving_mail(tmp_path) as mails:
        box = mailbox(mails, to=["ops@example.com", "nobody@example.com"])
        with pytest.raises(ServiceRefused, match="1 of 2 addresses"):
            box.send(MESSAGE)
        assert len(mails.received) == 1


@pytest.mark.parametrize(
    "first",
    [
        *(b"", b"\x00\xff\xfe\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220-mail\r\n"),
        *(
            b"220 " + b"x" * 100_000,
            b"421 later\r\n",
            b"554 no\r\n",
            b"2200000 x\r\n",
            b"\r\n" * 99,
        ),
    ],
)
def test_a_server_that_speaks_otherwise_costs_a_refusal(first: bytes) -> None:
    def talk(taken: Any) -> None:
        taken.sendall(first)
        taken.recv()

    with talking(talk) as (port, _), pytest.raises((ServiceUnreachable, ServiceRefused)) as refused:
        opened(port).check()
    untold(refused.value, (PASSWORD,))


def test_a_server_that_never_ends_is_given_up() -> None:
    def drip(taken: Any) -> None:
        with suppress(OSError):
            while True:
                taken.sendall(b"220-x\r\n")
                time.sleep(0.05)

    with talking(drip) as (port, _):
        begun = time.monotonic()
        with pytest.raises(ServiceUnreachable):
            opened(port).check()
        assert time.monotonic() - begun < 30
