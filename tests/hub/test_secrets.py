"""The built-in store: what is read while keys and values change."""

import os
import threading

from fixtures.databases import OpenDatabase
from stella.hub.secrets import read_secret, rewrap_secrets, store_secret
from stella.trust.envelope import Ring, key_id

ONE, TWO = b"1" * 32, b"2" * 32


def ring(*keys: bytes) -> Ring:
    return Ring({key_id(key): key for key in keys}, key_id(keys[-1]))


def test_a_secret_is_read_while_its_key_is_exchanged(open_database: OpenDatabase):
    """Somebody rotates between the moment that we begin to read and the moment that we read."""
    database = open_database()
    with database.transaction(actor="usr_1") as tx:
        store_secret(tx, ring(ONE), "password", "hunter2", os.urandom)
        rewrap_secrets(tx, ring(ONE, TWO), key_id(ONE), os.urandom)
    rings = iter([ring(ONE, TWO)])  # what lies on the disk once the envelope was read
    with database.read() as tx:
        assert read_secret(tx, lambda: next(rings), "password").value == "hunter2"


def test_two_who_store_the_same_secret_first_are_both_heard(open_database: OpenDatabase):
    database, versions = open_database(), []

    def store(value: str) -> None:
        with database.transaction(actor="usr_2") as tx:
            versions.append(store_secret(tx, ring(ONE), "password", value, os.urandom))

    other = threading.Thread(target=store, args=("the second",))
    with database.transaction(actor="usr_1") as tx:
        versions.append(store_secret(tx, ring(ONE), "password", "the first", os.urandom))
        other.start()
        other.join(0.5)
    other.join()
    assert versions == [1, 2]
    with database.read() as tx:
        assert read_secret(tx, lambda: ring(ONE), "password").value == "the second"
