from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from stella.kernel import NotCanonical, Outcome, canonical_json

_KEYS = st.text(max_size=8) | st.text(st.characters(max_codepoint=127), max_size=8)
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner),
    max_leaves=30,
)


@given(_DOCUMENTS)
def test_it_writes_what_the_reference_writes(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "é"]}, '{"a":[true,null,"é"],"b":1}'),
        ({"\U0001f600": 1, "\ufb33": 2}, '{"\U0001f600":1,"\ufb33":2}'),  # UTF-16 order
        ({"a": Outcome.PASS, "b": (1, 2)}, '{"a":"pass","b":[1,2]}'),
        ('\x00\x1f\x7f\u2028"\\/\b', '"\\u0000\\u001f\x7f\u2028\\"\\\\/\\b"'),
    ],
)  # fmt: skip
def test_the_known_cases(value: Any, text: str) -> None:
    assert canonical_json(value).decode() == text


@pytest.mark.parametrize(
    "value",
    [1.5, "\ud800", {"\ud800": 1.0}, {"a": [2**53]}, {1: "a"}, b"x", {"a": {1, 2}}, -(2**53)],
)
def test_what_signed_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)
