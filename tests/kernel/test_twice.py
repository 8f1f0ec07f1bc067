"""A key that stands twice in one object is found, however it is written, and nothing else is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.kernel.twice import key_said_twice

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b'{"a": 1, "a": 1}', "a"),
        (b'{"a": 1, "\\u0061": 2}', "a"),
        (b'[{"b": {"c": 1}}, {"b": [{"d": {}, "d": {}}]}]', "d"),
        (b'\xef\xbb\xbf{"a": 1, "a": 2}', "a"),
        (b'{"": 1, "": 2}', ""),
        (b'{"n": ' + b"9" * 5000 + b', "a": 1, "a": 2}', "a"),
        (b'{"a": {"a": 1}, "b": {"a": 2}}', None),
        (b'{"a": "\\"a\\": 1, \\"a\\": 2", "b": 1}', None),
        (b'{"a": 1, "A": 2}', None),
        (b'{"a": 1, "a"', None),
        (b"\xff", None),
        (b"", None),
        (b"[" * 200_000, None),
    ],
)
def test_only_the_same_key_of_the_same_object_is_twice(content: bytes, key: str | None) -> None:
    assert key_said_twice(content) == key


@given(TREES)
def test_what_a_writer_writes_has_no_key_twice(tree: object) -> None:
    assert key_said_twice(json.dumps(tree).encode()) is None
