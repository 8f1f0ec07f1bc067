"""Documents of three formats, and what is made of bad ones."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.vex import (
    Document,
    Format,
    MalformedVex,
    OpenVex,
    Product,
    Statement,
    Status,
    Target,
    UnusableStatement,
    merge_openvex,
    openvex_bytes,
    parse_vex,
    schema_faults,
)
from vex.sayings import EARLY, IMAGE, LATE, product, statement


def read(value: Any) -> Document:
    return parse_vex(json.dumps(value).encode())


def openvex(*statements: Any, **changes: Any) -> dict[str, Any]:
    base = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:1", "author": "a"}
    return {**base, "timestamp": EARLY, "version": 1, "statements": list(statements), **changes}


def test_the_first_openvex_wrote_names_and_products_as_text() -> None:
    found = read(
        openvex(
            {"vulnerability": "CVE-1", "products": ["pkg:apk/wolfi/git@2"], "status": "fixed"},
            **{"@context": "https://openvex.dev/ns", "version": "3"},
        )
    )
    (said,) = found.statements
    assert (said.names, said.status, said.at, found.version) == (
        ("CVE-1",),
        Status.FIXED,
        EARLY,
        (3,),
    )
    assert said.products == (Product(Target(("pkg:apk/wolfi/git@2",))),)


def test_the_statements_time_goes_before_the_documents_and_nanoseconds_are_read() -> None:
    one = {"vulnerability": {"name": "CVE-1"}, "status": "fixed"}
    found = read(openvex({**one, "timestamp": "2026-02-01T01:00:00.000000123+01:00"}, one))
    assert [said.at for said in found.statements] == [LATE, EARLY]


def test_what_cannot_be_used_is_a_gap() -> None:
    found = read(
        openvex(
            7,
            {"vulnerability": {}, "status": "fixed"},
            {"vulnerability": {"name": "CVE-1"}, "status": "fine"},
            {"vulnerability": {"name": "CVE-1"}, "status": "fixed", "products": [{}]},
            {"vulnerability": "CVE-1", "status": "fixed", "status_notes": "Valid until soon"},
        )
    )
    assert [one.place for one in found.gaps] == [
        "statements[0]",
        "statements[1]",
        "statements[2]",
        "statements[3].products[0]",
        "statements[4]",
    ]
    assert [said.products for said in found.statements] == [()]


@pytest.mark.parametrize(
    ("notes", "expires"),
    [
        (f"Valid until {LATE}", LATE),
        (f"x\nValid until {LATE} \ny", LATE),
        ("x" * 5000 + f"\nValid until {EARLY}", EARLY),
        (f"Valid until {LATE}\nValid until {EARLY}", EARLY),
        (f"It is valid until {LATE}", ""),
        ("", ""),
    ],
)
def test_an_end_is_read_from_the_notes_however_long_they_are(notes: str, expires: str) -> None:
    (said,) = read(
        openvex({"vulnerability": "CVE-1", "status": "fixed", "status_notes": notes})
    ).statements
    assert said.expires == expires


@pytest.mark.parametrize("end", ["soon", "", "2030-01-01T00:00:00Z.", "2030-01-01"])
def test_an_end_that_nobody_understands_is_no_statement(end: str) -> None:
    notes = f"Valid until {end}\nValid until {LATE}"
    said = read(openvex({"vulnerability": "CVE-1", "status": "fixed", "status_notes": notes}))
    assert (said.statements, len(said.gaps)) == ((), 1)


def test_a_product_whose_parts_cannot_be_read_is_not_taken_as_a_whole() -> None:
    one = {"@id": "pkg:oci/x@1", "subcomponents": [{"hashes": {}}]}
    (said,) = read(
        openvex({"vulnerability": "CVE-1", "status": "fixed", "products": [one]})
    ).statements
    assert said.products == ()


def csaf(status: str, **more: Any) -> dict[str, Any]:
    helper = {"product_identification_helper": {"purl": "pkg:rpm/redhat/bash@5"}}
    platform = {"product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:9"}}
    return {
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "publisher": {"name": "Red Hat", "namespace": "https://redhat.com"},
            "tracking": {"id": "CVE-1", "version": "1.2", "current_release_date": EARLY},
        },
        "product_tree": {
            "branches": [
                {"branches": [{"product": {"product_id": "bash", "name": "bash", **helper}}]},
                {"product": {"product_id": "rhel", "name": "RHEL 9", **platform}},
            ],
            "relationships": [
                {
                    "full_product_name": {"product_id": "rhel:bash"},
                    "product_reference": "bash",
                    "relates_to_product_reference": "rhel",
                }
            ],
            "product_groups": [{"group_id": "all", "product_ids": ["bash", "rhel:bash"]}],
        },
        "vulnerabilities": [
            {"cve": "CVE-1", "product_status": {status: ["bash", "rhel:bash", "?"]}, **more}
        ],
    }


def test_csaf_names_products_by_a_tree() -> None:
    threat = {"category": "impact", "details": "not built in", "group_ids": ["all"]}
    found = read(csaf("known_not_affected", threats=[threat]))
    bash = Target(("pkg:rpm/redhat/bash@5",))
    rhel = Target(others=("cpe:/o:redhat:enterprise_linux:9",))
    assert (found.format, found.author, found.version) == (Format.CSAF, "Red Hat", (1, 2))
    assert found.statements == (
        Statement(
            ("CVE-1",),
            (Product(bash), Product(rhel, (bash,))),
            Status.NOT_AFFECTED,
            impact="not built in",
            at=EARLY,
        ),
    )
    assert [one.reason for one in found.gaps] == ["no product '?'"]


def test_csaf_states_are_openvex_states() -> None:
    wanted = {"fixed": "fixed", "first_affected": "affected", "recommended": None}
    for word, status in wanted.items():
        assert [one.status.value for one in read(csaf(word)).statements] == [status] * bool(status)


def test_a_range_of_versions_in_csaf_is_a_gap() -> None:
    told = csaf("fixed")
    branch = told["product_tree"]["branches"][0]["branches"][0]
    branch.update(category="product_version_range", name="vers:rpm/>=5")
    found = read(told)
    assert found.statements == ()
    assert found.gaps[0].reason == "ranges of versions are not read; name the version in the purl"


def cyclonedx(state: str, ref: str = "c", **more: Any) -> dict[str, Any]:
    about = {"type": "container", "bom-ref": "root", "name": "web", "version": IMAGE}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": "urn:uuid:1",
        "version": 4,
        "metadata": {"timestamp": EARLY, "component": about},
        "components": [{"bom-ref": "c", "name": "urllib3", "purl": "pkg:pypi/urllib3@1"}],
        "vulnerabilities": [
            {"id": "CVE-1", "analysis": {"state": state, **more}, "affects": [{"ref": ref}]}
        ],
    }


def test_cyclonedx_speaks_of_a_component_within_what_the_document_is_about() -> None:
    (said,) = read(cyclonedx("not_affected", justification="code_not_reachable")).statements
    part = Target(("pkg:pypi/urllib3@1",))
    assert said.products == (Product(Target(digests=(IMAGE,)), (part,)),)
    assert said.justification == "vulnerable_code_not_in_execute_path"
    (whole,) = read(cyclonedx("exploitable", "root")).statements
    assert (whole.status, whole.products) == (
        Status.AFFECTED,
        (Product(Target(digests=(IMAGE,))),),
    )


ANY = {"range": "vers:npm/>=15", "status": "unaffected"}
THIS, OTHER = {"version": "1"}, {"version": "2"}


@pytest.mark.parametrize(
    ("purl", "state", "versions", "used"),
    [
        ("pkg:npm/@angular/core", "not_affected", [ANY], False),
        ("pkg:npm/core@1", "not_affected", [{**THIS, "status": "unaffected"}], True),
        ("pkg:npm/core@1", "not_affected", [{**OTHER, "status": "unaffected"}], False),
        ("pkg:npm/core@1", "not_affected", [{**THIS, "status": "affected"}], False),
        ("pkg:npm/core@1", "not_affected", [THIS], False),
        ("pkg:npm/core@1", "not_affected", [], True),
        ("pkg:npm/core@1", "exploitable", [{**THIS, "status": "affected"}], True),
        ("pkg:npm/core@1", "exploitable", [THIS], True),
    ],
)
def test_what_is_said_of_some_versions_is_said_of_no_other(
    purl: str, state: str, versions: list[dict[str, str]], used: bool
) -> None:
    told = cyclonedx(state, justification="code_not_present")
    told["components"][0]["purl"] = purl
    told["vulnerabilities"][0]["affects"][0]["versions"] = versions
    found = read(told)
    assert (len(found.statements), bool(found.gaps)) == (int(used), not used)


def test_a_bom_link_is_about_that_bill_of_materials_alone() -> None:
    link = "urn:cdx:9/1#pkg%3Apypi%2Furllib3%401"
    (said,) = read(cyclonedx("resolved", link)).statements
    assert said.products == (
        Product(Target(others=("urn:cdx:9/1",)), (Target(("pkg:pypi/urllib3@1",)),)),
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"{}", b"\xff", b"[" * 100_000, b'{"@context":"https://openvex.dev/ns"}'],
)
def test_what_is_no_vex_document_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedVex):
        parse_vex(content)


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    with pytest.raises(MalformedVex, match="deep"):
        read(openvex({"vulnerability": "CVE-1", "status": "fixed", "x": deep}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "@id",
                    "name",
                    "statements",
                    "products",
                    "subcomponents",
                    "identifiers",
                    "hashes",
                    "purl",
                    "status",
                    "vulnerability",
                    "product_tree",
                    "branches",
                    "product",
                    "vulnerabilities",
                    "analysis",
                    "affects",
                    "ref",
                    "product_status",
                    "fixed",
                    "cve",
                    "components",
                    "metadata",
                    "component",
                    "relationships",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@pytest.mark.long
@given(st.dictionaries(st.text(max_size=10), json_values, max_size=3), json_values, json_values)
def test_nothing_that_stands_in_a_document_breaks_its_reader(more, one, two) -> None:
    for kind in (
        openvex(one, two),
        {"document": {"csaf_version": "2.0", "tracking": one}, "product_tree": two},
        {"document": {"csaf_version": "2.0"}, "vulnerabilities": [one, two]},
        {"bomFormat": "CycloneDX", "vulnerabilities": [one], "components": [two], "metadata": one},
    ):
        assert isinstance(read({**more, **kind}), Document)


words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
said = st.builds(
    lambda status, names, purls, impact, expires: statement(
        status,
        *(product(f"pkg:pypi/{one.lower()}") for one in purls),
        names=tuple(dict.fromkeys(names)),
        impact=impact,
        action="update" if status == "affected" else "",
        notes=f"Valid until {expires}" if expires else "",
        expires=expires,
    ),
    st.sampled_from([one.value for one in Status]),
    st.lists(words, min_size=1, max_size=1),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True).map(sorted),
    words,
    st.sampled_from(["", LATE]),
)


@pytest.mark.long
@given(st.lists(said, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_what_is_written_is_read_again_in_any_order_to_the_same_bytes(listed, random) -> None:
    content = openvex_bytes(OpenVex("me", EARLY, tuple(listed)))
    assert set(parse_vex(content).statements) == set(listed)
    assert schema_faults(content) == ()
    random.shuffle(listed)
    assert openvex_bytes(OpenVex("me", EARLY, tuple(listed))) == content


def test_merged_statements_keep_their_times() -> None:
    one = read(openvex({"vulnerability": "CVE-1", "status": "fixed"}, timestamp=EARLY))
    two = read(openvex({"vulnerability": "CVE-1", "status": "affected"}, timestamp=LATE))
    merged = merge_openvex([two, one], "me", LATE)
    assert merged == merge_openvex([one, two], "me", LATE)
    assert [said.at for said in parse_vex(merged).statements] == [EARLY, LATE]
    with pytest.raises(UnusableStatement):
        merge_openvex([], "me", LATE)
