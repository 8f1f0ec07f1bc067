"""The kit for checks finds what is wrong with one, each fault by its own check."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from stella.sdk import Connect, Found, Outcome
from stella.sdk.testing import CHECK_CHECKS, CheckBench

pytestmark = pytest.mark.server

WELL = Found(Outcome.PASS, "it is well")
ILL = Found(Outcome.BLOCKED, "it is ill", "Mend it.")


class Thing:
    """What is looked at: a service that says one word."""

    def __init__(self) -> None:
        self.word = b"well"
        self.looks = 0

    @contextmanager
    def ill(self) -> Iterator[None]:
        self.word = b"ill"
        yield
        self.word = b"well"

    def connect(self, *_: object) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.sendall(self.word)
        return ours


class Good:
    """Asks the thing, and holds everything."""

    def __init__(self, connect: Connect, thing: Thing) -> None:
        self.connect, self.thing = connect, thing

    def word(self) -> bytes:
        with self.connect("thing.example", 80, 1.0) as opened:
            return opened.recv(100)

    def examine(self) -> tuple[Found, ...]:
        try:
            word = self.word()
        except OSError:
            return (Found(Outcome.UNKNOWN, "it does not answer", "Let the server reach it."),)
        return (WELL,) if word == b"well" else (ILL,)


class Blind(Good):
    def examine(self) -> Any:
        with suppress(Exception):
            self.word()
        return (WELL,)


class Empty(Good):
    def examine(self) -> Any:
        return ()


class Lists(Good):
    def examine(self) -> Any:
        return [*super().examine()]


class NoFix(Good):
    def examine(self) -> Any:
        return tuple(Found(one.outcome, one.detail) for one in super().examine())


class Changes(Good):
    def examine(self) -> Any:
        self.thing.looks += 1
        return super().examine()


class Remembers(Good):
    kept: Any = None

    def examine(self) -> Any:
        self.kept = self.kept or super().examine()
        return self.kept


class Raises(Good):
    def examine(self) -> Any:
        return (WELL,) if self.word() == b"well" else (ILL,)


class Decodes(Good):
    def examine(self) -> Any:
        found = super().examine()
        with suppress(OSError):
            self.word().decode()
        return found


class Waits(Good):
    def word(self) -> bytes:
        with self.connect("thing.example", 80, 1.0) as opened:
            opened.settimeout(None)
            return opened.recv(100)


class Reaches(Good):
    def examine(self) -> Any:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), 0.1)
        return super().examine()


class Runs(Good):
    def examine(self) -> Any:
        subprocess.run(["true"], check=True)
        return super().examine()


def failing(kind: Any) -> set[str]:
    found = set()
    for check in CHECK_CHECKS:
        thing = Thing()

        def open_with(connect: Connect, thing: Thing = thing) -> Any:
            return kind(connect, thing)

        bench = CheckBench(
            open_with, thing.connect, thing.ill, lambda thing=thing: (thing.word, thing.looks)
        )
        try:
            check(bench)
        except Exception:  # noqa: BLE001 - however it fails, it is found
            found.add(check.__name__)
    return found


def test_a_good_check_holds_all_of_it() -> None:
    assert failing(Good) == set()


@pytest.mark.parametrize(
    ("kind", "fails"),
    [
        (Blind, "what_is_ill_is_found_and_names_a_fix"),
        (Blind, "a_way_that_is_shut_is_never_a_pass"),
        (Blind, "a_broken_answer_is_never_a_pass"),
        (Empty, "what_is_well_passes"),
        (Lists, "what_is_well_passes"),
        (NoFix, "what_is_ill_is_found_and_names_a_fix"),
        (Changes, "looking_twice_changes_nothing"),
        (Remembers, "what_is_ill_is_found_and_names_a_fix"),
        (Raises, "a_way_that_is_shut_is_never_a_pass"),
        (Decodes, "a_broken_answer_is_never_a_pass"),
        (Waits, "silence_is_given_up"),
        (Reaches, "nothing_is_reached_but_through_connect"),
        (Runs, "nothing_is_reached_but_through_connect"),
    ],
)
def test_a_fault_is_found(kind: Callable[..., Any], fails: str) -> None:
    assert fails in failing(kind)
