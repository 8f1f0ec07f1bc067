"""Variables: what a document may say, which one wins at a place, what a configuration becomes."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.release.errors import MalformedVariables
from stella.release.variables.model import ORDER, Scope, Variable, parse_variables, spec_of
from stella.release.variables.resolve import FILLED_MAX, Place, answers, fill, torn_places

HERE = Place("shop", "prod", "prod-a", frozenset({"tier=web", "zone=eu"}), "web", "beta")
SCOPES = {
    "target": "prod-a",
    "label": "tier=web",
    "component": "web",
    "environment": "prod",
    "release": "shop",
    "channel": "beta",
}


def variable(value: str, group: str = "shop", name: str = "LEVEL", **when: str) -> Variable:
    return Variable(name, value, None, Scope(**{key: (one,) for key, one in when.items()}), group)


@pytest.mark.parametrize("number", range(len(ORDER)))
def test_a_more_exact_scope_beats_all_the_less_exact_ones_together(number: int):
    exact, less = ORDER[number], ORDER[number + 1 :]
    known = [
        variable("rest", **{key: SCOPES[key] for key in less}),
        variable("exact", **{exact: SCOPES[exact]}),
        variable("anywhere"),
    ]
    found = answers(known, HERE)["LEVEL"]
    assert found.won.value == "exact"
    assert not found.rivals
    assert [one.value for one in found.beaten] == ["rest", "anywhere"][-len(found.beaten) :]


@pytest.mark.parametrize("key", ORDER)
def test_what_is_for_elsewhere_does_not_count(key: str):
    other = "tier=db" if key == "label" else "other"
    assert answers([variable("x", **{key: other})], HERE) == {}


@given(st.permutations(range(64)))
def test_the_order_of_documents_decides_nothing(order: list[int]):
    """Every combination of scopes, in any order: the same one wins, by the stated order alone."""
    every = [
        variable(
            "".join("x" if is_in else "-" for is_in in chosen),
            **{key: SCOPES[key] for key, is_in in zip(ORDER, chosen, strict=True) if is_in},
        )
        for chosen in product((True, False), repeat=len(ORDER))
    ]
    found = answers([every[number] for number in order], HERE)["LEVEL"]
    assert found.won.value == "xxxxxx"
    assert [one.value for one in found.beaten] == [one.value for one in every[1:]]


def test_two_that_are_as_exact_and_unlike_are_used_neither():
    known = [variable("a", "one", label="tier=web"), variable("b", "two", label="zone=eu")]
    for listed in (known, known[::-1]):
        filled = fill({"x": "${{ vars.LEVEL }}"}, listed, HERE)
        assert "one, two" in next(iter(filled.unlike))
        assert filled.config == {"x": "${{ vars.LEVEL }}"}


def test_two_that_are_as_exact_and_say_the_same_are_no_rivals():
    known = [variable("a", "one", label="tier=web"), variable("a", "two", label="zone=eu")]
    assert fill({"x": "${{ vars.LEVEL }}"}, known, HERE).config == {"x": "a"}


def test_a_configuration_is_filled_by_component_and_the_rest_of_it_stays():
    known = [variable("all"), variable("of the web", component="web")]
    config = {
        "services": {
            "web": {"env": {"A": "<${{ vars.LEVEL }}>"}, "ports": ["80:80"], "n": 1},
            "worker": {"env": {"A": "${{vars.LEVEL}}"}},
        },
        "note": ["$${{ vars.LEVEL }}", "${LEVEL}", None, True],
    }
    filled = fill(config, known, Place("shop", "prod", "prod-a"))
    assert filled.faults == []
    assert filled.config == {
        "services": {
            "web": {"env": {"A": "<of the web>"}, "ports": ["80:80"], "n": 1},
            "worker": {"env": {"A": "all"}},
        },
        "note": ["${{ vars.LEVEL }}", "${LEVEL}", None, True],
    }


def test_a_value_is_never_filled_again():
    """What a variable says is text: it cannot bring in another one."""
    known = [variable("${{ vars.B }}", name="A"), variable("b", name="B")]
    assert fill({"x": "${{ vars.A }}"}, known, HERE).config == {"x": "${{ vars.B }}"}


def test_every_name_that_is_missing_is_named_at_once():
    filled = fill({"a": "${{ vars.X }}", "b": ["${{ vars.Y }} ${{ vars.X }}"]}, [], HERE)
    assert filled.missing == {"X", "Y"}


def test_a_secret_stands_alone_or_not_at_all():
    known = [Variable("PASSWORD", None, "env://DB", Scope(), "shop")]
    assert fill({"x": "${{ vars.PASSWORD }}"}, known, HERE).config == {"x": "env://DB"}
    assert fill({"x": "u:${{ vars.PASSWORD }}"}, known, HERE).torn


@pytest.mark.parametrize("text", ["${{ LEVEL }}", "${{", "${{ vars. }}", "${{ vars.A B }}"])
def test_what_begins_like_a_placeholder_and_is_none_is_told(text: str):
    assert list(torn_places({"env": [text]})) != []
    assert list(torn_places({"env": [text.replace("${{", "$${{")]})) == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": "A"}, "either a value or a secret"),
        ({"name": "A", "value": "x", "secret": "env://X"}, "either a value or a secret"),
        ({"name": "A B", "value": "x"}, "no name of a variable"),
        ({"name": "A", "secret": "hunter2"}, "env://NAME or file:///PATH"),
        ({"name": "A", "secret": "vault://main"}, "wants an integration and a path"),
        ({"name": "A", "secret": "vault://Main/kv#x"}, "its integration is no name"),
        ({"name": "A", "secret": "aws-ecr://main/login#password"}, "env://NAME or file:///PATH"),
        ({"name": "A", "secret": "secret://No"}, "its secret is no name"),
        ({"name": "A", "value": "vault://main/kv/db#password"}, "given as secret"),
        ({"name": "A", "value": "env://X"}, "given as secret"),
        ({"name": "A", "value": "ghp_" + "a1B2" * 9}, "looks like a secret"),
        ({"name": "A", "value": "x\0"}, "NUL"),
        ({"name": "A", "value": "x" * 20000}, "more than"),
        ({"name": "A", "value": "x", "when": {"label": ["web"]}}, "when.label"),
        ({"name": "A", "value": "x", "when": {"environment": ["P R"]}}, "when.environment"),
        ({"name": "A", "value": "x", "when": {"enviroment": ["prod"]}}, "enviroment"),
        ({"name": "A", "value": 1}, "Expected `str | null`"),
    ],
)
def test_what_no_variable_can_be_is_refused_without_repeating_a_secret(
    given: dict[str, object], why: str
):
    with pytest.raises(MalformedVariables) as refusal:
        parse_variables("shop", {"variables": [given]})
    assert why in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert "ghp_" not in str(refusal.value)


def test_the_same_name_twice_with_one_scope_is_refused():
    one = {"name": "A", "value": "x", "when": {"environment": ["b", "a"]}}
    other = {"name": "A", "value": "y", "when": {"environment": ["a", "b"]}}
    with pytest.raises(MalformedVariables, match="twice"):
        parse_variables("shop", {"variables": [one, other]})


def test_a_document_is_what_it_was_when_it_is_written_again():
    spec = {
        "variables": [
            {"name": "A", "value": ""},
            {"name": "A", "secret": "file:///run/a", "when": {"environment": ["prod"]}},
        ]
    }
    assert spec_of(parse_variables("shop", spec)) == spec


def test_a_small_configuration_does_not_become_a_large_one():
    known = [variable("x" * 16_000)]
    filled = fill({"x": ["${{ vars.LEVEL }}" * 1000] * 10}, known, HERE)
    assert filled.size <= FILLED_MAX
    assert "more than 1 Mi characters" in str(filled.faults)
