"""Package URLs of others: the verdict and the normal form that the specification gives them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbom.format.documents import SPDX, XML, checked, component
from sbom.format.test_spdx import SPDX2
from stella.sbom.format.purl_spec import Purl, WrongPurl, build_purl, parse_purl
from stella.sbom.purl import purl_text


@pytest.mark.conformance
def test_every_public_case_has_the_verdict_and_the_parts_that_it_says(shared: Path):
    folder = shared / "conformance/purl/tests"
    cases = [
        case
        for path in sorted(folder.rglob("*.json"))
        for case in json.loads(path.read_text())["tests"]
    ]
    assert len(cases) == 586
    wrong = [case for case in cases if result_of(case) != wanted(case)]
    assert wrong == []


def wanted(case: dict[str, Any]) -> Any:
    expected = case.get("expected_output")
    if case["expected_failure"]:
        return None
    return parts(**expected) if isinstance(expected, dict) else expected


def result_of(case: dict[str, Any]) -> Any:
    given_ = case["input"]
    try:
        if case["test_type"] == "build":
            values = {key: value for key, value in given_.items() if value}
            kind, name = values.pop("type", ""), values.pop("name", "")
            return build_purl(kind, name, **values).text
        if case["test_type"] == "validate":
            return parse_purl(given_, is_strict=False).text
        made = parse_purl(given_)
        return parts(**{one: getattr(made, one) for one in Purl.__slots__})
    except WrongPurl:
        return None


def parts(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("npm/a@1", "pkg:"),
        ("pkg:npm", "no name"),
        ("pkg:/a", "no name"),
        ("pkg:n+m/a", "type"),
        ("pkg:npm/a?A=1", "lower case"),
        ("pkg:npm/a?a=1&a=2", "twice"),
        ("pkg:npm/a?a%20b=1", "qualifier"),
        ("pkg:cargo/a/b", "namespaces"),
        ("pkg:maven/b", "namespace"),
        ("pkg:cpan/A::B", "::"),
        ("pkg:julia/A", "uuid"),
    ],
)
def test_a_wrong_purl_says_why(text: str, reason: str):
    with pytest.raises(WrongPurl, match=reason):
        parse_purl(text)


def test_wrong_purls_are_remarked_in_every_format():
    package = {**SPDX["@graph"][2], "software_packageUrl": "pkg:npm"}
    entry = {**SPDX2["packages"][0]["externalRefs"][0], "referenceLocator": "pkg:npm"}
    packages = [{**SPDX2["packages"][0], "externalRefs": [entry]}, SPDX2["packages"][1]]
    for content in (
        component(purl="pkg:npm"),
        XML.replace("pkg:pypi/requests@2.19.0", "pkg:npm"),
        {**SPDX, "@graph": [*SPDX["@graph"][:2], package]},
        {**SPDX2, "packages": packages},
    ):
        assert checked(content)[1] == (
            "1 purls break their specification: pkg:npm: it has no name",
        )


words = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=8)


@given(name=words, version=words, namespace=words, value=words)
def test_what_is_written_is_read_again(name: str, version: str, namespace: str, value: str):
    made = build_purl(
        "generic", name, namespace=namespace, version=version, qualifiers={"a": value}
    )
    assert parse_purl(made.text) == made


@given(
    kind=st.sampled_from(["deb", "npm", "pypi", "cargo"]),
    name=st.from_regex(r"[A-Za-z0-9._+-]{1,8}", fullmatch=True),
    version=words,
)
def test_what_stella_writes_is_right(kind: str, name: str, version: str):
    namespace = "debian" if kind == "deb" else ""
    parse_purl(purl_text(kind, name, version.strip() or "1", namespace=namespace))


@given(st.text(max_size=40) | st.text("pkg:/@?#%=&aA1.", max_size=30).map("pkg:{}".format))
def test_any_text_is_refused_or_has_a_normal_form(text: str):
    try:
        made = parse_purl(text)
    except WrongPurl:
        return
    assert parse_purl(made.text).text == made.text
