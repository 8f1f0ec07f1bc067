"""Policies are refused when they are loaded, with the place, not when a gate needs them."""

import pytest

from stella.kernel import Digest, StellaError
from stella.policy import PolicyBundle, bundle_bytes, load_bundle, parse_bundle, starter_bundle
from stella.policy.errors import (
    MalformedBundle,
    PolicyDoesNotCompile,
    PolicyNotRepeatable,
    PolicySaysNothing,
    PolicyTooLarge,
)

GOOD = 'results contains {"rule": "a", "outcome": "pass", "message": "fine"}'


def load(text: str, **others: str) -> PolicyBundle:
    files = {"a.rego": f"package stella.policy\n{text}\n"}
    return load_bundle(files | {f"{name}.rego": body for name, body in others.items()})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("results contains {", "a.rego:3:1: expecting expression"),
        (f"{GOOD} if {{ y }}", "a.rego:2:75: use of undefined variable `y`"),
        (f"{GOOD} if {{ nothing.here(1) }}", "there is no function nothing.here"),
        ("f(x) := nothing.here(x)\n" + GOOD, "a.rego:2:21: there is no function nothing.here"),
        ("f(x) := y\n" + GOOD + " if { some z in input.none; f(z) }", "a.rego:2:9: Undefined"),
        (f"{GOOD} if {{ 1 / 0 }}", "divide by zero"),
        (f"{GOOD} if input.components[0].scans[0].platform / 2", "a.rego:2"),
        ("results := 1\nresults := 2", "conflicts"),
        (f"{GOOD} if {{ results }}", "recursion"),
    ],
)
def test_what_does_not_compile_is_refused_with_its_place(text: str, said: str):
    with pytest.raises(PolicyDoesNotCompile) as refused:
        load(text)
    assert said in str(refused.value)
    assert "unknown>" not in str(refused.value)


@pytest.mark.parametrize(
    "call",
    [
        "time.now_ns() > 0",
        'time["now_ns"]() > 0',
        'rand.intn("a", 5) > 0',
        'rand["intn"]("a", 5) > 0',
        'uuid.rfc4122("a")',
        'http.send({"method": "get", "url": "http://a.test"})',
        "opa.runtime()",
        'time.clock([0, "Local"])',
    ],
)
@pytest.mark.parametrize("form", ["{GOOD} if {{ {call} }}", "f(x) if {{ {call}; x }}\n{GOOD}"])
def test_what_cannot_be_replayed_is_refused_wherever_it_stands(call: str, form: str):
    with pytest.raises(PolicyNotRepeatable) as refused:
        load(form.format(GOOD=GOOD, call=call))
    assert refused.value.facts["place"].startswith("a.rego:2:")


def test_forbidden_names_in_texts_and_comments_are_only_words():
    load(f'# time.now_ns()\nx := "http.send()"\n{GOOD}')


@pytest.mark.parametrize(
    "text",
    [
        "x := 1",
        'results contains "fine"',
        'results contains {"rule": "a"}',
        'results contains {"rule": "a", "outcome": "maybe", "message": "x"}',
        'results contains {"rule": "a", "outcome": "pass"}',
        'results contains {"rule": "", "outcome": "pass", "message": "x"}',
        'results contains {"rule": "a", "outcome": "pass", "message": "x", "more": 1}',
        'results contains {"rule": "a", "outcome": "pass", "message": "x", "finding": {"a": 1.5}}',
    ],
)
def test_a_policy_without_results_of_the_shape_that_is_read_is_refused(text: str):
    with pytest.raises(PolicySaysNothing):
        load(text)


@pytest.mark.parametrize(
    "value",
    [
        "[" * 20 + "]" * 20,
        '{"a":' * 20 + "1" + "}" * 20,
        "abs(\n" * 9000 + "1" + ")\n" * 9000,
        "input[\n" * 9000 + "1" + "]\n" * 9000,
        "-\n" * 9000 + "1",
        "1 # " + "x" * 600_000,
    ],
    ids=["arrays", "objects", "calls", "references", "signs", "length"],
)
def test_what_would_take_the_engine_years_or_its_stack_is_refused_first(value: str):
    with pytest.raises((PolicyTooLarge, PolicyDoesNotCompile)):
        load(f"x := {value}\n{GOOD}")


def test_brackets_in_texts_and_comments_do_not_count():
    load(f'x := "{"[" * 100}" # {"{" * 100}\ny := `{"(" * 100}`\n{GOOD}')


@pytest.mark.parametrize("name", ["a.txt", "../a.rego", "/a.rego", "a b.rego", "a/../b.rego", ""])
def test_odd_file_names_are_refused(name: str):
    with pytest.raises(PolicyDoesNotCompile):
        load_bundle({name: f"package stella.policy\n{GOOD}"})


def test_files_may_use_each_other_by_import_and_by_path():
    lib = "package lib\nworse(a, b) if a > b"
    load(f"import data.lib\n{GOOD} if lib.worse(2, 1)", lib=lib)
    load(f"import data.lib.worse as w\n{GOOD} if w(2, 1)", lib=lib)
    load(f"{GOOD} if data.lib.worse(2, 1)", lib=lib)


def test_a_bundle_is_named_by_its_bytes_and_read_back():
    bundle = load(GOOD, lib="package lib\nx := 1")
    content = bundle_bytes(bundle)
    assert Digest.of(content) == bundle.digest
    assert parse_bundle(content) == bundle
    assert load(GOOD, lib="package lib\nx := 2").digest != bundle.digest
    assert starter_bundle() is starter_bundle()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", MalformedBundle),
        (b'{"files":{"a.rego":1},"schema":1}', MalformedBundle),
        (b'{"schema":1, "files":{}}', MalformedBundle),
        (b'{"files":{"a.rego":"x := ' + b"[" * 30 + b'"},"schema":1}', PolicyTooLarge),
    ],
)
def test_a_bundle_from_outside_is_checked_before_the_engine_sees_it(
    content: bytes, error: type[StellaError]
):
    with pytest.raises(error):
        parse_bundle(content)
