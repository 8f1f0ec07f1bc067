"""The connector for LDAP: the kit on a real slapd, and answers that no server should give."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.stores import Given, Line, direct
from fixtures.directories import (
    GROUPS_BASE,
    OWN,
    OWN_PASSWORD,
    PASSWORDS,
    PEOPLE_BASE,
    RealDirectory,
)
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.directory import DirectoryEntry
from stella.plugin.refusals import ServiceRefused, ServiceUnreachable
from stella.sdk.testing import DIRECTORY_CHECKS, DirectoryBench, SimulatedDirectory
from stella.sdk.testing.telling import untold
from stella_connectors.ldap import LdapDirectory, open_ldap
from stella_connectors.ldap.ber import Element, MalformedBer, elements, encoded, head_of, integer

each = pytest.mark.parametrize("check", DIRECTORY_CHECKS, ids=lambda check: check.__name__)
CONFIG = {"user_base": PEOPLE_BASE, "group_base": GROUPS_BASE, "bind_dn": OWN}


def profile(endpoint: str, password: str = OWN_PASSWORD, **more: Any) -> Connection:
    options = {"connect": direct, "timeout_s": 5, "config": CONFIG, **more}
    return Connection(
        endpoint, credentials=Given({"bind_password": password}).credentials(), **options
    )


@each
def test_the_simulated_directory(check: Callable[[DirectoryBench], None]):
    directory, stranger = SimulatedDirectory(), SimulatedDirectory(is_shut=True)
    people = (
        (DirectoryEntry("1", "ana", "Ana", "ana@acme.example", ("everybody", "managers")), "one 1"),
        (DirectoryEntry("2", "ben", "Ben", "", ("everybody",)), "two 2"),
    )
    for entry, password in people:
        directory.add(entry, password)
    for number in "34":
        directory.add(DirectoryEntry(number, "two"), "twice")
    directory.add(DirectoryEntry("5", "lou"), "locked")
    directory.lock("lou")

    @contextmanager
    def outage() -> Iterator[None]:
        directory.is_out = True
        yield
        directory.is_out = False

    check(
        DirectoryBench(
            directory,
            people,
            twice=("two", "twice"),
            locked=("lou", "locked"),
            rename=directory.rename,
            stranger=stranger,
            outage=outage,
            secrets=(),
        )
    )


@pytest.mark.stores
@each
@pytest.mark.parametrize("way", ["ldaps", "start_tls"])
def test_a_real_directory(
    check: Callable[[DirectoryBench], None], way: str, real_directory: RealDirectory
):
    endpoint = real_directory.tls if way == "ldaps" else real_directory.plain
    line = Line()
    directory = LdapDirectory(profile(endpoint, ca=real_directory.ca, connect=line.connect))
    people = tuple(
        (
            DirectoryEntry(real_directory.id_of(name), name, shown, f"{name}@acme.example", groups),
            PASSWORDS[name],
        )
        for name, shown, groups in (
            ("ana", "Ana Arm", ("everybody", "release-managers")),
            ("ben", "Ben Bär", ("everybody",)),
            ("cho", "Cho", ("everybody",)),
        )
    )
    if check.__name__ == "an_id_outlives_a_name":
        assert people[-1][0].name == "cho"
    check(
        DirectoryBench(
            directory,
            people,
            twice=("two", "twice-pass"),
            locked=("lou", PASSWORDS["lou"]),
            rename=real_directory.rename,
            stranger=open_ldap(profile(endpoint, "n0t-0ur-password", ca=real_directory.ca)),
            outage=lambda: line.cut(directory),
            secrets=(OWN_PASSWORD,),
        )
    )


@pytest.mark.stores
def test_a_password_goes_to_nobody_whose_certificate_is_not_trusted(real_directory: RealDirectory):
    for endpoint in (real_directory.tls, real_directory.plain):
        with pytest.raises(ServiceUnreachable) as refusal:
            open_ldap(profile(endpoint)).log_in("ana", PASSWORDS["ana"])
        untold(refusal.value, (PASSWORDS["ana"], OWN_PASSWORD))
    by_name = real_directory.tls.replace("127.0.0.1", "localhost")
    with pytest.raises(ServiceUnreachable):  # the certificate is for the address, not for that name
        open_ldap(profile(by_name, ca=real_directory.ca)).check()


@pytest.mark.stores
def test_who_looks_as_nobody_sees_nobody(real_directory: RealDirectory):
    config = {"user_base": PEOPLE_BASE}
    directory = open_ldap(profile(real_directory.tls, ca=real_directory.ca, config=config))
    assert directory.log_in("ana", PASSWORDS["ana"]) is None
    with pytest.raises(ServiceRefused):
        directory.check()


@pytest.mark.stores
def test_a_filter_leaves_out_who_has_not_what_it_asks_for(real_directory: RealDirectory):
    config = {**CONFIG, "user_filter": {"cn": "Ana Arm", "objectClass": "inetOrgPerson"}}
    directory = open_ldap(profile(real_directory.tls, ca=real_directory.ca, config=config))
    assert directory.log_in("ana", PASSWORDS["ana"]) is not None
    assert directory.log_in("ben", PASSWORDS["ben"]) is None


# ---------------------------------------------------------------- a server that does not mean well


@contextmanager
def played(*answers: bytes, every_s: float = 0) -> Iterator[str]:
    """A server that sends one of ``answers`` for each request; the last one for every further one."""
    ended = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while not ended.is_set():
                opened, _ = server.accept()
                threading.Thread(target=answer, args=(opened,), daemon=True).start()

    def answer(opened: socket.socket) -> None:
        left = list(answers)
        with suppress(OSError), opened:
            opened.settimeout(10)
            while opened.recv(65536):
                opened.sendall(left.pop(0) if len(left) > 1 else left[0])
                while every_s and not ended.wait(every_s):
                    opened.sendall(left[0])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"ldap://127.0.0.1:{server.getsockname()[1]}"
    finally:
        ended.set()
        server.close()


def message(number: int, tag: int, *parts: bytes) -> bytes:
    return encoded(0x30, integer(number) + encoded(tag, b"".join(parts)))


def result(code: int) -> bytes:
    return integer(code, 0x0A) + encoded(0x04, b"c4n4ry") + encoded(0x04, b"c4n4ry")


BOUND = message(1, 0x61, result(0))
PLAIN = {**CONFIG, "plain_ldap": True}
THEIRS = "the1rs-1s-secret"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80",
        b"\x30\x89" + b"\x01" * 9,
        b"\x30\x03\x02\x01\x01",
        b"\x1f\x81\x01\x00",
        message(7, 0x61, result(0)),
        message(0, 0x78, result(52)),
        message(1, 0x65, result(0)),
        message(1, 0x61),
        message(1, 0x61, b"\x0a\x00"),
        message(1, 0x61, b"\x0a\x7f"),
        message(1, 0x61, encoded(0x0A, b"\0" * 9)),
        message(1, 0x61, result(51)),
    ],
    ids=str,
)
def test_an_answer_that_is_no_ldap_is_one_refusal(answer: bytes):
    with played(answer) as endpoint:
        with pytest.raises(ServiceUnreachable) as refusal:
            open_ldap(profile(endpoint, config=PLAIN, timeout_s=1)).log_in("ana", THEIRS)
        untold(refusal.value, ("c4n4ry", THEIRS, OWN_PASSWORD))


@pytest.mark.long
@pytest.mark.parametrize("rest", [b"\x30", b"", message(2, 0x73, encoded(0x04, b"ldap://evil"))])
def test_an_answer_without_end_is_given_up(rest: bytes):
    begun = time.monotonic()
    with (
        played(BOUND, rest or b"\x30\x10", every_s=0.02) as endpoint,
        pytest.raises(ServiceUnreachable),
    ):
        open_ldap(profile(endpoint, config=PLAIN, timeout_s=1)).find("ana")
    assert time.monotonic() - begun < 30


def test_a_referral_is_not_followed():
    referral = encoded(0xA3, encoded(0x04, b"ldap://evil.example/dc=acme"))
    asked: list[str] = []

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        asked.append(host)
        return direct(host, port, timeout)

    for answer in (
        message(2, 0x65, result(10), referral),
        message(2, 0x73, encoded(0x04, b"ldap://evil.example")) + message(2, 0x65, result(0)),
    ):
        with played(BOUND, answer) as endpoint:
            made = profile(endpoint, config=PLAIN, timeout_s=1, connect=connect)
            assert open_ldap(made).find("ana") is None
    assert set(asked) == {"127.0.0.1"}


def test_without_tls_nothing_is_sent_where_tls_is_wanted():
    """A server that refuses StartTLS, or says more than its answer before TLS begins."""
    refused = message(1, 0x78, result(2))
    early = message(1, 0x78, result(0)) + message(2, 0x61, result(0))
    for answer in (refused, early):
        with played(answer) as endpoint:
            with pytest.raises(ServiceUnreachable) as refusal:
                open_ldap(profile(endpoint, timeout_s=1)).log_in("ana", THEIRS)
            untold(refusal.value, (THEIRS, OWN_PASSWORD))


@pytest.mark.parametrize(
    "endpoint", ["http://directory.example", "ldap://", "directory", "ldaps://[", "ldap://x:99999"]
)
def test_an_endpoint_that_is_none_is_refused(endpoint: str):
    with pytest.raises(ServiceRefused):
        open_ldap(profile(endpoint))


@given(st.binary(max_size=200))
def test_bytes_are_elements_or_refused(content: bytes):
    with suppress(MalformedBer):
        list(elements(content))
        _ = Element(0, content).parts
        head_of(content)
