"""One ask for many, kept for a while, never past its end."""

import threading
from datetime import timedelta

import pytest

from fixtures.databases import Clock
from stella.hub.broker import Broker
from stella.hub.errors import UnresolvedReference
from stella.hub.redact import Redactor
from stella.hub.reference import Reference, parse_reference
from stella.kernel import Remedy
from stella.plugin.contract.secret_store import Secret

DATABASE = parse_reference("vault://main/kv/db#password")


class Store:
    """Counts how often it is asked."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked = 0
        self.lasts: timedelta | None = None
        self.is_gone = False

    def read(self, reference: Reference) -> Secret:
        self.asked += 1
        if self.is_gone:
            raise UnresolvedReference("it is gone", remedy=Remedy("Wait."))
        ends = self.clock() + self.lasts if self.lasts else None
        return Secret(f"value {self.asked} of {reference.text}", expires_at=ends)


@pytest.fixture
def store(clock: Clock) -> Store:
    return Store(clock)


@pytest.fixture
def broker(store: Store, clock: Clock) -> Broker:
    return Broker(store.read, now=clock, seen=lambda _: None)


def test_it_is_kept_for_a_while_and_then_read_anew(broker: Broker, store: Store, clock: Clock):
    first = broker.secret(DATABASE)
    clock.go_on(seconds=59)
    assert broker.secret(DATABASE) is first
    clock.go_on(seconds=2)
    assert broker.secret(DATABASE).value.startswith("value 2")


def test_one_that_ends_soon_is_not_kept_to_its_end(broker: Broker, store: Store, clock: Clock):
    store.lasts = timedelta(seconds=40)
    broker.secret(DATABASE)
    clock.go_on(seconds=11)
    broker.secret(DATABASE)
    assert store.asked == 2
    store.lasts = timedelta(seconds=5)
    broker.forget(DATABASE)
    broker.secret(DATABASE)
    broker.secret(DATABASE)
    assert store.asked == 4, "it ends too soon to be kept at all"


def test_a_changed_one_is_read_anew(broker: Broker, store: Store):
    broker.secret(DATABASE)
    broker.forget(DATABASE)
    broker.secret(DATABASE)
    broker.forget()
    broker.secret(DATABASE)
    assert store.asked == 3


def test_a_refusal_is_not_kept(broker: Broker, store: Store):
    store.is_gone = True
    with pytest.raises(UnresolvedReference):
        broker.secret(DATABASE)
    store.is_gone = False
    assert broker.secret(DATABASE).value.startswith("value 2")


@pytest.mark.parametrize("is_gone", [False, True])
def test_of_a_thousand_who_ask_at_once_one_asks_the_store(clock: Clock, is_gone: bool):
    inside, go_on = threading.Event(), threading.Event()
    asked: list[Reference] = []

    def read(reference: Reference) -> Secret:
        asked.append(reference)
        inside.set()
        assert go_on.wait(20)
        if is_gone:
            raise UnresolvedReference("it is gone", remedy=Remedy("Wait."))
        return Secret("the value")

    broker = Broker(read, now=clock, seen=lambda _: None)
    answers: list[str] = []
    started = threading.Barrier(1001)

    def ask() -> None:
        started.wait(20)
        try:
            answers.append(broker.secret(DATABASE).value)
        except UnresolvedReference:
            answers.append("refused")

    threads = [threading.Thread(target=ask) for _ in range(1000)]
    for thread in threads:
        thread.start()
    started.wait(20)
    assert inside.wait(20)
    # Those who have not asked yet find it kept, or ask in vain: nobody is left behind.
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert answers == (["refused"] if is_gone else ["the value"]) * 1000
    assert len(asked) == 1 or is_gone


def test_what_was_read_is_masked_where_it_would_show(store: Store, clock: Clock):
    redactor = Redactor()
    broker = Broker(store.read, now=clock, seen=redactor.learn)
    value = broker.secret(DATABASE).value
    assert redactor.masked(f"dialing with {value}!") == "dialing with ***!"
    assert value not in repr(broker.secret(DATABASE))


def test_masking_leaves_no_part_of_a_longer_one():
    redactor = Redactor()
    redactor.learn("pass")
    redactor.learn("password-of-two\nlines-of-text")
    redactor.learn("abc")
    redactor.learn('{"user": "field-user", "password": "field-password", "port": 5432}')
    told = "it is password-of-two, then lines-of-text; pass is short, abc is too short"
    assert redactor.masked("field-user with field-password at 5432") == "*** with *** at 5432"
    assert redactor.masked(told) == "it is ***, then ***; *** is short, abc is too short"


def test_what_was_changed_while_it_was_read_is_read_anew(store: Store, clock: Clock):
    def read(reference: Reference) -> Secret:
        found = store.read(reference)
        if store.asked == 1:
            broker.forget(reference)  # somebody stores another value at this moment
        return found

    broker = Broker(read, now=clock, seen=lambda _: None)
    broker.secret(DATABASE)
    assert broker.secret(DATABASE).value.startswith("value 2")
    assert broker.secret(DATABASE).value.startswith("value 2")


def test_a_long_value_does_not_drive_out_the_others():
    redactor = Redactor()
    redactor.learn("hunter2")
    redactor.learn("\n".join(f"line {number}" for number in range(20_000)))
    assert redactor.masked("it is hunter2") == "it is ***"
