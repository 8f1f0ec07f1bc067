"""Chunks that are fetched ahead come in order, and nothing stays behind."""

import itertools
import threading

import pytest

from stella.sbom.ahead import ahead


def fetching() -> int:
    return sum(thread.name == "fetching" for thread in threading.enumerate())


def test_everything_comes_in_order():
    with ahead(iter([b"%d" % number for number in range(100)])) as chunks:
        assert b"".join(chunks) == b"".join(b"%d" % number for number in range(100))
    assert fetching() == 0


def test_what_fetching_raises_is_raised_where_it_is_read():
    def broken():
        yield b"1"
        raise OSError("the registry went away")

    with ahead(broken()) as chunks:
        assert next(chunks) == b"1"
        with pytest.raises(OSError, match="went away"):
            next(chunks)
    assert fetching() == 0


def test_a_reader_who_stops_ends_the_fetching_which_was_not_far_ahead():
    taken = itertools.count()

    def endless():
        while True:
            yield b"%d" % next(taken)

    with ahead(endless()) as chunks:
        assert next(chunks) == b"0"
    assert fetching() == 0
    assert next(taken) < 20
