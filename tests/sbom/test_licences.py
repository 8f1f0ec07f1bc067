"""Licences as packages state them: SPDX expressions read, and nothing guessed where there is none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.sbom import Licences, licences, licences_of_sbom
from stella.sbom.licence_expression import CHOICES_MAX, choices_of, is_listed
from stella.sbom.licences import LICENCES_MAX


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("MIT", [["MIT"]]),
        ("mit", [["MIT"]]),
        ("MIT OR Apache-2.0", [["Apache-2.0"], ["MIT"]]),
        ("MIT or Apache-2.0", [["Apache-2.0"], ["MIT"]]),
        ("MIT AND Zlib", [["MIT", "Zlib"]]),
        ("MIT OR Zlib AND ISC", [["ISC", "Zlib"], ["MIT"]]),
        ("(MIT OR Zlib) AND ISC", [["ISC", "MIT"], ["ISC", "Zlib"]]),
        ("(((MIT)))", [["MIT"]]),
        ("GPL-2.0", [["GPL-2.0-only"]]),
        ("GPL-2.0+", [["GPL-2.0-or-later"]]),
        ("Apache-1.0+", [["Apache-1.0+"]]),
        ("LicenseRef-shop", [["LicenseRef-shop"]]),
        (
            "GPL-2.0+ WITH classpath-exception-2.0 OR MIT",
            [["GPL-2.0-or-later WITH Classpath-exception-2.0"], ["MIT"]],
        ),
        ("GPLv2+ and MIT", [["GPLv2+", "MIT"]]),
    ],
)
def test_what_an_expression_leaves_to_choose(text: str, choices: list[list[str]]):
    assert [list(one) for one in choices_of(text)] == choices


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "Apache 2.0",
            "MIT License",
            "MIT/X11",
            "(MIT",
            "MIT)",
            "()",
            "MIT AND",
            "OR MIT",
        ),
        *("NONE", "NOASSERTION", "MIT WITH", "MIT And Zlib", "MIT, Zlib", "MIT (Zlib)"),
        "(" * 100 + "MIT" + ")" * 100,
        " AND ".join(f"(A{number} OR B{number})" for number in range(30)),
        " OR ".join(f"A{number}" for number in range(CHOICES_MAX + 1)),
        " AND ".join([*(f"(A{number} OR B{number})" for number in range(6)), *"CDEFGHIJKL"]),
    ],
)
def test_what_is_no_expression_leaves_nothing(text: str):
    assert choices_of(text) == ()


@given(st.text("(MIT ORANDWH)+-.", max_size=60))
def test_whatever_stands_there_is_read_or_is_none(text: str):
    for choice in choices_of(text):
        assert choice
        assert all(choice)


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", True),
        ("Apache-1.0+", True),
        ("LicenseRef-shop", False),
        ("DocumentRef-a:LicenseRef-b", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("GPL-2.0-only WITH leave", False),
        ("GPL-2.0-only WITH Linux-syscall-note", True),
        ("GPL-2.0-only WITH MIT", False),
        ("GPL-2.0-only WITH GPL-2.0-with-bison-exception", False),
        ("GPL-2.0-only+", False),
        ("GPL-2.0-or-later+", False),
        ("Classpath-exception-2.0", False),
        ("Linux-syscall-note", False),
        ("GPLv2+", False),
        ("BSD", False),
    ],
)
def test_what_stands_on_the_list(licence: str, expected: bool):
    assert is_listed(licence) is expected


def component(name: str, *licences: object, purl: str = "pkg:npm/x@1") -> dict[str, object]:
    return {"name": name, "version": "1", "purl": purl, "licenses": list(licences)}


def named(text: str) -> dict[str, object]:
    return {"license": {"name": text}}


def read(*components: dict[str, object]) -> Licences:
    found = licences_of_sbom(json.dumps({"components": components}).encode())
    assert found is not None
    return found


def test_packages_of_one_licence_are_counted_and_the_first_are_named():
    found = read(*(component(f"p{number}", named("MIT")) for number in range(5)), component("q"))
    nothing, mit = found.stated
    assert (nothing.text, nothing.any_of, nothing.packages) == ("", (), ("q 1",))
    assert (mit.text, mit.count, mit.packages) == ("MIT", 5, ("p0 1", "p1 1"))


def test_of_several_licences_all_have_to_be_kept():
    (one,) = read(component("p", {"expression": "MIT OR Zlib"}, {"license": {"id": "ISC"}})).stated
    assert one.text == "(MIT OR Zlib) AND (ISC)"
    assert one.any_of == (("ISC", "MIT"), ("ISC", "Zlib"))
    (half,) = read(component("p", named("MIT"), named("see the file"))).stated
    assert half.any_of == ()


def test_packages_within_packages_count_and_what_is_no_package_does_not():
    inner = component("inner", named("ISC"))
    outer = component("outer", named("MIT")) | {"components": [inner]}
    system = {"name": "debian", "type": "operating-system"}
    assert [one.text for one in read(outer, system).stated] == ["ISC", "MIT"]


@pytest.mark.parametrize(("length", "purl"), [(300, "pkg:rpm/x@1"), (100, "pkg:conda/x@1")])
def test_of_what_was_cut_off_nobody_knows_how_it_goes_on(length: int, purl: str):
    text = "MIT OR LicenseRef-"
    for size, is_read in ((length - 1, True), (length, False)):
        full = text + "a" * (size - len(text))
        (one,) = read(component("p", named(full), purl=purl)).stated
        assert bool(one.any_of) is is_read


def test_more_licences_than_are_kept_are_counted():
    found = read(*(component("p", named(f"L{number:04}")) for number in range(LICENCES_MAX + 3)))
    assert (len(found.stated), found.more) == (LICENCES_MAX, 3)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"components": 1}', b"[" * 5000])
def test_what_is_no_bill_of_materials_says_nothing(content: bytes):
    assert licences_of_sbom(content) is None


def test_one_text_that_is_meant_in_two_ways_is_known_to_nobody():
    whole = component("whole", {"expression": "(MIT) AND (ISC)"})
    parts = component("parts", named("MIT"), named("ISC"))
    assert read(whole).stated[0].any_of == read(parts).stated[0].any_of == (("ISC", "MIT"),)
    (both,) = read(whole, parts).stated
    assert (both.text, both.any_of, both.count) == ("(MIT) AND (ISC)", (), 2)


def test_what_a_scan_may_have_cut_is_known_to_nobody():
    text = "MIT OR " * 28 + "Zlib"
    assert len(text) == 200
    (cut,) = read(component("a", named(text), purl="pkg:composer/a/a@1")).stated
    (whole,) = read(component("b", named(text))).stated
    assert (cut.any_of, whole.any_of) == ((), (("MIT",), ("Zlib",)))


def test_many_packages_are_not_read_one_by_one(monkeypatch: pytest.MonkeyPatch):
    asked = list[str]()
    monkeypatch.setattr(licences, "choices_of", lambda text: asked.append(text) or ())
    same = [component(f"s{number}", named("MIT")) for number in range(1000)]
    found = read(*same, *(component(f"p{number}", named(f"L{number}")) for number in range(1000)))
    assert len(asked) == len(set(asked)) == LICENCES_MAX == len(found.stated)
    assert found.more == 1001 - LICENCES_MAX
