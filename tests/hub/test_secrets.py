"""The built-in store: what is read while keys and values change."""

import os
import threading

from fixtures.databases import OpenDatabase
from stella.hub.secrets import (
    opened_secret,
    put_rewrapped,
    rewrapped,
    sealed_value,
    store_secret,
)
from stella.hub.store import envelopes, sealed_secret
from stella.trust.envelope import Ring, key_id, wrapped_under

ONE, TWO = b"1" * 32, b"2" * 32


def ring(*keys: bytes) -> Ring:
    return Ring({key_id(key): key for key in keys}, key_id(keys[-1]))


def sealed(value: str, *keys: bytes) -> str:
    return sealed_value(ring(*keys), "password", value, os.urandom)


def test_a_secret_is_read_while_its_key_is_exchanged(open_database: OpenDatabase):
    """Somebody rotates between the moment that we begin to read and the moment that we read."""
    database = open_database()
    with database.transaction(actor="usr_1") as tx:
        store_secret(tx, "password", sealed("hunter2", ONE))
    with database.read() as tx:
        version, envelope = sealed_secret(tx, "password")
        moved = rewrapped(ring(ONE, TWO), envelopes(tx), os.urandom)
    with database.transaction(actor="usr_1") as tx:
        assert put_rewrapped(tx, moved, key_id(ONE)) == 1
        _, after = sealed_secret(tx, "password")
    assert wrapped_under(after) == key_id(TWO)
    for one in (envelope, after):
        assert opened_secret(ring(ONE, TWO), "password", version, one).value == "hunter2"


def test_one_that_was_stored_anew_while_all_are_moved_keeps_its_new_value(
    open_database: OpenDatabase,
):
    database = open_database()
    with database.transaction(actor="usr_1") as tx:
        store_secret(tx, "password", sealed("the first", ONE))
        moved = rewrapped(ring(ONE, TWO), envelopes(tx), os.urandom)
        store_secret(tx, "password", sealed("the second", ONE))
        assert put_rewrapped(tx, moved, key_id(ONE)) == 0
        version, envelope = sealed_secret(tx, "password")
    assert opened_secret(ring(ONE, TWO), "password", version, envelope).value == "the second"


def test_two_who_store_the_same_secret_first_are_both_heard(open_database: OpenDatabase):
    database, versions = open_database(), []

    def store(value: str) -> None:
        with database.transaction(actor="usr_2") as tx:
            versions.append(store_secret(tx, "password", sealed(value, ONE)))

    other = threading.Thread(target=store, args=("the second",))
    with database.transaction(actor="usr_1") as tx:
        versions.append(store_secret(tx, "password", sealed("the first", ONE)))
        other.start()
        other.join(0.5)
    other.join()
    assert versions == [1, 2]
    with database.read() as tx:
        version, envelope = sealed_secret(tx, "password")
    assert opened_secret(ring(ONE), "password", version, envelope).value == "the second"
