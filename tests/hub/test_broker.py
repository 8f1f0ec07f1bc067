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
from stella.plugin.refusals import SecretStoreUnreachable

DATABASE = parse_reference("vault://main/kv/db#password")


class Store:
    """Counts how often it is asked."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked = 0
        self.lasts: timedelta | None = None
        self.is_gone = False
        self.value = ""

    def read(self, reference: Reference) -> Secret:
        self.asked += 1
        if self.is_gone:
            raise UnresolvedReference("it is gone", remedy=Remedy("Wait."))
        ends = self.clock() + self.lasts if self.lasts else None
        value = self.value or f"value {self.asked} of {reference.text}"
        return Secret(value, expires_at=ends)


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


@pytest.mark.long
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


USER = parse_reference("vault://main/database/creds/shop#username")
PASSWORD = parse_reference("vault://main/database/creds/shop#password")


class Minting:
    """Makes a user and a password at each read, as one lease of an hour."""

    def __init__(self, clock: Clock, *, tells_fields: bool = True) -> None:
        self.clock = clock
        self.tells_fields = tells_fields
        self.made = 0
        self.ended: list[str] = []

    def read(self, reference: Reference) -> Secret:
        self.made += 1
        fields = {"username": f"user {self.made}", "password": f"word {self.made}"}
        return Secret(
            fields[reference.key or ""],
            expires_at=self.clock() + timedelta(hours=1),
            lease=f"lease {self.made}",
            fields=fields if self.tells_fields else {},
        )

    def end(self, reference: Reference, lease: str) -> None:
        assert reference.text == "vault://main/database/creds/shop"
        self.ended.append(lease)


@pytest.fixture
def minting(clock: Clock) -> Minting:
    return Minting(clock)


def broker_of(minting: Minting) -> Broker:
    return Broker(minting.read, now=minting.clock, seen=lambda _: None, end=minting.end)


def test_user_and_password_of_one_lease_are_read_once(minting: Minting):
    broker = broker_of(minting)
    assert (broker.secret(USER).value, broker.secret(PASSWORD).value) == ("user 1", "word 1")
    minting.clock.go_on(minutes=50)
    assert broker.secret(PASSWORD).value == "word 1", "it is kept for as long as it lasts"
    minting.clock.go_on(minutes=9, seconds=40)
    assert (broker.secret(PASSWORD).value, broker.secret(USER).value) == ("word 2", "user 2")
    assert minting.made == 2


def test_both_who_ask_at_once_get_one_lease(minting: Minting):
    broker = broker_of(minting)
    inside, go_on = threading.Event(), threading.Event()
    read = minting.read

    def slow(reference: Reference) -> Secret:
        inside.set()
        assert go_on.wait(20)
        return read(reference)

    broker = Broker(slow, now=minting.clock, seen=lambda _: None, end=minting.end)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda one=one: found.append(broker.secret(one).value))
        for one in (USER, PASSWORD)
    ]
    for thread in threads:
        thread.start()
    assert inside.wait(20)
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert (sorted(found), minting.made) == (["user 1", "word 1"], 1)


def test_a_lease_that_is_replaced_is_given_back_a_while_later(minting: Minting):
    broker = broker_of(minting)
    broker.secret(USER)
    broker.forget(PASSWORD)
    assert broker.secret(USER).value == "user 2", "its fields belong together"
    assert (broker.give_back(), minting.ended) == ((), [])
    minting.clock.go_on(seconds=61)
    broker.give_back()
    broker.give_back()
    assert minting.ended == ["lease 1"]


def test_a_lease_that_is_used_no_more_is_given_back_at_once(minting: Minting):
    broker = broker_of(minting)
    broker.secret(USER)
    broker.let_go([PASSWORD])
    broker.give_back()
    assert minting.ended == ["lease 1"]


def test_every_lease_is_given_back_at_the_end(minting: Minting):
    broker = broker_of(minting)
    broker.secret(USER)
    broker.forget()
    broker.secret(USER)
    broker.give_back(everything=True)
    assert sorted(minting.ended) == ["lease 1", "lease 2"]


def test_a_lease_whose_store_does_not_answer_is_given_back_later(minting: Minting):
    broker = broker_of(minting)
    broker.secret(USER)
    is_gone = [True]

    def end(reference: Reference, lease: str) -> None:
        if is_gone[0]:
            raise SecretStoreUnreachable("no answer", remedy=Remedy("Wait."))
        minting.end(reference, lease)

    broker = Broker(minting.read, now=minting.clock, seen=lambda _: None, end=end)
    broker.secret(USER)
    broker.let_go([USER])
    assert len(broker.give_back()) == 1
    is_gone[0] = False
    assert (broker.give_back(), minting.ended) == ((), ["lease 2"])


def test_a_store_that_tells_one_field_at_a_time_gives_a_lease_to_each(clock: Clock):
    minting = Minting(clock, tells_fields=False)
    broker = broker_of(minting)
    for _ in range(3):
        assert (broker.secret(USER).value, broker.secret(PASSWORD).value) == ("user 1", "word 2")
    assert minting.made == 2


def test_what_the_other_side_refused_is_read_anew_once_it_is_not_fresh(
    broker: Broker, store: Store, clock: Clock
):
    store.value = "one"
    begun = clock()
    broker.secret(DATABASE)
    assert not broker.renew([DATABASE], begun), "it was read a moment ago"
    assert store.asked == 1
    clock.go_on(seconds=11)
    assert not broker.renew([DATABASE], clock()), "it is still the same"
    assert store.asked == 2
    store.value = "another"
    clock.go_on(seconds=11)
    begun = clock()
    assert broker.renew([DATABASE], begun)
    assert broker.secret(DATABASE).value == "another"
    assert broker.renew([DATABASE], begun), "who was refused at the same time may ask again, too"
    assert not broker.renew([DATABASE], clock()), "who has the new one may not"
    assert not broker.renew([parse_reference("vault://main/kv/never#asked")], begun)
    assert store.asked == 3


def test_two_who_are_refused_at_once_are_both_told_that_it_is_another_one(
    store: Store, clock: Clock
) -> None:
    """While the one has it read anew, the other one waits, and reads nothing."""
    reads, goes_on = threading.Event(), threading.Event()

    def slowly(reference: Reference) -> Secret:
        if store.asked:
            reads.set()
            assert goes_on.wait(10)
        return store.read(reference)

    broker = Broker(slowly, now=clock, seen=lambda _: None)
    broker.secret(DATABASE)
    clock.go_on(seconds=15)
    since, said = clock(), list[bool]()
    both = [
        threading.Thread(target=lambda: said.append(broker.renew([DATABASE], since)))
        for _ in range(2)
    ]
    both[0].start()
    assert reads.wait(10)
    both[1].start()
    both[1].join(0.1)
    goes_on.set()
    for one in both:
        one.join(10)
    assert said == [True, True]
    assert store.asked == 2


def test_a_lease_that_the_other_side_refused_is_made_anew_and_the_old_one_given_back(
    minting: Minting, clock: Clock
):
    broker = broker_of(minting)
    broker.secret(USER)
    clock.go_on(seconds=30)
    assert not broker.renew([USER, PASSWORD], clock())
    clock.go_on(seconds=31)
    assert broker.renew([USER, PASSWORD], clock())
    assert minting.made == 2, "one for user and password"
    clock.go_on(minutes=2)
    assert broker.give_back() == ()
    assert minting.ended == ["lease 1"]
