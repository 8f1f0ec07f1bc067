"""The keys of the built-in store: read while others make and retire some."""

import os
import threading
from pathlib import Path

from stella.app.secret_keys import add_key, load_ring, retire_keys


def test_they_are_read_while_one_after_the_other_is_retired(tmp_path: Path):
    load_ring(tmp_path, os.urandom)
    is_over, troubles = threading.Event(), []

    def read() -> None:
        while not is_over.is_set():
            try:
                load_ring(tmp_path, os.urandom)
            except Exception as trouble:  # noqa: BLE001 - whatever it is
                troubles.append(trouble)

    reading = [threading.Thread(target=read) for _ in range(2)]
    for one in reading:
        one.start()
    for _ in range(100):
        retire_keys(tmp_path, frozenset({add_key(tmp_path, os.urandom).active}))
    is_over.set()
    for one in reading:
        one.join()
    assert troubles == []
    assert len(list((tmp_path / "keys" / "secrets").iterdir())) == 1


def test_what_another_server_has_just_made_is_not_retired(tmp_path: Path):
    first = load_ring(tmp_path, os.urandom).active
    second = add_key(tmp_path, os.urandom).active
    # It wraps under this one, and has not stored anything yet.
    third = add_key(tmp_path, os.urandom).active
    retire_keys(tmp_path, frozenset({second}))
    assert set(load_ring(tmp_path, os.urandom).keys) == {second, third}
    retire_keys(tmp_path, frozenset({second, third}))
    assert first not in load_ring(tmp_path, os.urandom).keys
