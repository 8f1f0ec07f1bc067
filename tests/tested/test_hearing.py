"""Statements of test results: whose they are, what they say, and which are refused."""

import json
from typing import Any

import pytest

from stella.kernel import Digest, canonical_json
from stella.tested import TEST_RESULT, MalformedTestResult, Result, hear_tested, sign_tested
from stella.tested.hearing import bare_tested, check_new, heard_by_key
from stella.tested.junit import predicate_of
from stella.trust import Algorithm, BadSignature, new_signer, sign_statement, statement_of
from stella.vex import Issuer
from tested.test_junit import PYTEST

IMAGE = Digest("sha256:" + "a" * 64)
SIGNER, OTHER = (new_signer(Algorithm.ED25519) for _ in range(2))
CI = Issuer("ci", 0, (OTHER.public, SIGNER.public))
BARE = bare_tested("web", IMAGE, predicate_of([PYTEST]))
SIGNED = sign_tested(SIGNER, BARE)


def said(**predicate: Any) -> bytes:
    return canonical_json(statement_of("web", IMAGE, TEST_RESULT, predicate))


def test_a_signature_says_whose_it_is_and_by_which_key():
    heard = hear_tested(SIGNED, [Issuer("a", 100, (OTHER.public,)), CI])
    assert (heard.issuer, heard.key) == ("ci", SIGNER.public.pem.decode())
    assert heard.said == heard_by_key(SIGNED, heard.key)
    assert heard.said.result is Result.FAILED
    assert heard.said.failed_tests == ("unit: shop.test_cart.test_tax",)
    assert (heard.said.passed, heard.said.failed, heard.said.suites) == (1, 1, ("unit",))
    with pytest.raises(BadSignature):
        heard_by_key(SIGNED, OTHER.public.pem.decode())


def test_who_is_not_known_is_nobody():
    assert (hear_tested(SIGNED, ()).issuer, hear_tested(SIGNED, ()).is_signed) == ("", True)
    assert (hear_tested(BARE, [CI]).issuer, hear_tested(BARE, [CI]).is_signed) == ("", False)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        said(),
        said(result="passed"),
        said(result="PASSED", failedTests=["a"]),
        said(result="WARNED", failedTests=["a"]),
        said(result="FAILED", failedTests=[1]),
        said(result="PASSED", configuration="unit"),
        said(result="PASSED", configuration=["unit"]),
        said(result="PASSED", configuration=[{"name": "a" * 501}]),
        said(result="PASSED", configuration=[{"name": "a\0b"}]),
        said(result="PASSED", configuration=[{"name": str(n)} for n in range(101)]),
        canonical_json(statement_of("web", IMAGE, "https://slsa.dev/provenance/v1", {})),
        BARE.replace(b'"sha256":"' + b"a" * 64, b'"sha256":"' + b"A" * 64),
    ],
)
def test_what_is_no_test_result_is_refused(content: bytes):
    with pytest.raises(MalformedTestResult):
        hear_tested(content, [CI])


def test_a_signed_statement_of_another_kind_is_refused():
    other = sign_statement(
        SIGNER, subject_name="web", subject=IMAGE, predicate_type="https://a.b/c", predicate={}
    )
    with pytest.raises(MalformedTestResult):
        hear_tested(other, [CI])


def test_what_readers_would_read_differently_does_not_come_in():
    twice = BARE.replace(b'"result":"FAILED"', b'"result":"FAILED","result":"PASSED"')
    assert json.loads(twice)
    with pytest.raises(MalformedTestResult, match="twice"):
        check_new(twice)


def test_names_move_nothing_on_a_terminal():
    heard = hear_tested(said(result="FAILED", failedTests=["a\x1b[31mb\n", "c"]), ())
    assert heard.said.failed_tests == ("a?[31mb?", "c")


def test_only_addresses_of_the_web_are_shown():
    urls = ("https://ci.example/1", "javascript:alert(1)", 3)
    heard = [hear_tested(said(result="PASSED", url=url), ()).said.url for url in urls]
    assert heard == ["https://ci.example/1", "", ""]
