"""Canonical JSON, beside the reference implementation of RFC 8785."""

from enum import StrEnum

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from stella.kernel import NotCanonical, canonical_json

INTEGERS = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


class Colour(StrEnum):
    RED = "red"


@given(VALUES)
def test_every_value_has_the_bytes_of_the_reference_implementation(value: object):
    assert canonical_json(value) == rfc8785.dumps(value)


def test_every_character_is_written_as_the_reference_implementation_writes_it():
    text = "".join(chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000)
    assert canonical_json([text, {"key": text}]) == rfc8785.dumps([text, {"key": text}])


def test_keys_are_sorted_by_their_utf_16_units():
    keys = ["\U0001f600", "\ufb33", "z", "é"]
    assert canonical_json(dict.fromkeys(keys, 1)) == rfc8785.dumps(dict.fromkeys(keys, 1))


def test_enums_and_tuples_are_written_as_what_they_stand_for():
    assert canonical_json({"colour": Colour.RED, "two": (1, 2)}) == b'{"colour":"red","two":[1,2]}'


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1, 2.5]}, "$.a[1]"),
        ([2**53], "$[0]"),
        ({"a": b"x"}, "$.a"),
        ({1: 2}, "$"),
        (["\ud800"], "$"),
        ({"é": "\ud800"}, "$"),
    ],
)
def test_what_signed_json_cannot_hold_is_refused_with_its_place(value: object, place: str):
    with pytest.raises(NotCanonical) as refused:
        canonical_json(value)
    assert refused.value.facts["place"] == place
