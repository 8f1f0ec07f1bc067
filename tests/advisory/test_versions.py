"""How versions compare, beside implementations that are not ours."""

import itertools

import pytest
import semver
from hypothesis import example, given
from hypothesis import strategies as st
from univers.versions import DebianVersion

from stella.advisory.versions import (
    SCHEMES,
    package_name,
    scheme_of,
    version_key,
    without_rebuild,
)

DEB_ORDER = [
    "1.0~~",
    "1.0~~a",
    "1.0~",
    "1.0~deb12u1",
    "1.0",
    "1.0-0+deb12u1",
    "1.0-1~bpo12+1",
    "1.0-1",
    "1.0-1+deb12u1",
    "1.0-1.1",
    "1.0a",
    "1.0+dfsg-1",
    "1.0.1",
    "1.2",
    "1.10",
    "1:0.1",
]
SEMVER_ORDER = [
    "0.0.0-0",
    "0.0.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-0.20190501000000-abcdefabcdef",
    "1.0.1",
    "1.2.0",
    "1.10.0",
]

RPM_ORDER = [  # rpm's own tests of rpmvercmp, and the caret's
    "1.0~rc1-1",
    "1.0~rc1^git1-1",
    "1.0",
    "1.0-1.el9",
    "1.0-1.el9_2",
    "1.0-2.el9",
    "1.0^git1-1",
    "1.0a-1",
    "1.0.1-1",
    "1.0.10-1",
    "1.0010.1-1",
    "2.7.8-139.module+el8.8.0+18745+f1bef313",
    "1:0.1-1",
]
GEM_ORDER = [  # Gem::Version's own examples
    "1.a",
    "1.0.a.2",
    "1.0.b1",
    "1.0.0.rc.1",
    "1",
    "1.0.1.pre",
    "1.0.1",
    "1.2.3.beta",
    "1.2.3",
    "1.2.3.1",
    "1.10",
]

deb_versions = st.from_regex(r"([0-9]:)?[0-9][0-9a-z.+~]{0,8}(-[0-9a-z.+~]{1,5})?", fullmatch=True)
semver_versions = st.from_regex(
    r"(0|[1-9][0-9]?)\.(0|[1-9][0-9]?)\.(0|[1-9][0-9]?)"
    r"(-(0|[1-9][0-9]{0,2}|[a-z][a-z0-9-]{0,3})(\.(0|[1-9][0-9]?|[a-z]{1,3})){0,2})?",
    fullmatch=True,
)


@pytest.mark.parametrize(("scheme", "order"), [("deb", DEB_ORDER), ("semver", SEMVER_ORDER)])
def test_known_orders_hold_for_every_pair(scheme: str, order: list[str]):
    keys = [version_key(scheme, text) for text in order]
    assert None not in keys
    for (n, one), (m, two) in itertools.combinations(enumerate(keys), 2):
        assert one < two, (order[n], order[m])


@given(deb_versions, deb_versions)
def test_debian_versions_compare_as_another_implementation_says(one: str, two: str):
    ours = version_key("deb", one) < version_key("deb", two)
    assert ours == (DebianVersion(one) < DebianVersion(two))
    same = version_key("deb", one) == version_key("deb", two)
    is_less = DebianVersion(one) < DebianVersion(two)
    is_more = DebianVersion(two) < DebianVersion(one)
    assert same == (not is_less and not is_more)


@given(semver_versions, semver_versions)
def test_semantic_versions_compare_as_another_implementation_says(one: str, two: str):
    theirs = semver.Version.parse(one).compare(two)
    first, second = version_key("semver", one), version_key("semver", two)
    assert (first > second) - (first < second) == theirs


@pytest.mark.parametrize(
    ("scheme", "one", "two"),
    [
        ("deb", "1.0", "1.0-0"),
        ("deb", "0:1.0", "1.0"),
        ("deb", "1.01", "1.1"),
        ("semver", "v1.2.3", "1.2.3"),
        ("semver", "go1.20", "1.20.0"),
        ("semver", "1.2.3+build", "1.2.3+incompatible"),
        ("pep440", "1.0", "1.0.0"),
        ("pep440", "1.0RC1", "1.0c1"),
    ],
)
def test_spellings_of_one_version_are_equal(scheme: str, one: str, two: str):
    assert version_key(scheme, one) == version_key(scheme, two)


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        ("pep440", "2.0-SNAPSHOT.x"),
        ("pep440", ""),
        ("deb", "1.0_2"),
        ("deb", "-1"),
        ("semver", "1.2.3.4"),
        ("semver", "latest"),
        ("nuget", "V"),
        ("semver", "1." + "9" * 400),
        ("none such", "1.0"),
        ("", "1.0"),
    ],
)
def test_what_cannot_be_read_has_no_key(scheme: str, text: str):
    assert version_key(scheme, text) is None


ODD = st.text(max_size=8) | st.from_regex(r"[0-9a-z][0-9a-z.~+_:-]{0,8}", fullmatch=True)


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
@given(one=ODD, two=ODD)
def test_no_text_whatever_breaks_a_scheme(scheme: str, one: str, two: str):
    first, second = version_key(scheme, one), version_key(scheme, two)
    if first is not None and second is not None:
        assert [first < second, second < first, first == second].count(True) <= 1


@pytest.mark.parametrize(
    ("scheme", "lower", "higher"),
    [
        ("apk", "1.2.3_rc1-r0", "1.2.3-r0"),
        ("apk", "1.2.3-r2", "1.2.3-r10"),
        ("apk", "1.2-r0", "1.2_p1-r0"),
        ("apk", "1.2.4_git20230717-r4", "1.2.5-r0"),
        ("apk", "1.2.4-r9", "1.2.4_git20230717-r4"),
        ("apk", "1.2_alpha1", "1.2_beta1"),
        ("apk", "1.1.1a-r0", "1.1.1b-r0"),
        ("apk", "1.1-r0", "1.1.1-r0"),
        ("apk", "1.1a-r0", "1.1.1-r0"),
        ("apk", "1.05-r0", "1.5-r0"),
        ("apk", "9-r0", "10-r0"),
        ("maven", "1.0-alpha-1", "1.0"),
        ("gem", "1.0.0.rc1", "1.0.0"),
        ("composer", "1.9.0", "1.10.0"),
        ("rpm", "1.9-1", "1:1.0-1"),
    ],
)
def test_the_other_schemes_know_their_habits(scheme: str, lower: str, higher: str):
    assert version_key(scheme, lower) < version_key(scheme, higher)


def test_a_rebuild_of_the_binaries_is_the_same_source():
    assert without_rebuild("2.36-9+b1") == "2.36-9"
    assert without_rebuild("2.36-9+deb12u3") == "2.36-9+deb12u3"


def test_names_are_looked_up_in_one_spelling():
    assert package_name("PyPI", "Foo.Bar_baz") == "foo-bar-baz"
    assert package_name("npm", "@Scope/Foo") == "@Scope/Foo"
    assert scheme_of("Debian:12") == "deb"
    assert scheme_of("Nobody") == ""


@pytest.mark.parametrize(("scheme", "order"), [("rpm", RPM_ORDER), ("gem", GEM_ORDER)])
def test_known_orders(scheme: str, order: list[str]):
    keys = [version_key(scheme, one) for one in order]
    assert None not in keys
    assert all(one < two for one, two in itertools.pairwise(keys))


@pytest.mark.long
@given(st.from_regex(r"[0-9]{1,2}(\.([0-9]{1,2}|[a-c]{1,2})){0,4}", fullmatch=True),
       st.from_regex(r"[0-9]{1,2}(\.([0-9]{1,2}|[a-c]{1,2})){0,4}", fullmatch=True))  # fmt: skip
@example("0.a", "0.a.0.a")
@example("1.a", "1.a.0.1")
@example("1.a.0.1", "1.a.1")
@example("1.a.0.b", "1.a.0.0.b")
def test_gems_as_another_implementation_orders_them(one: str, two: str):
    from univers.gem import GemVersion

    ours, theirs = version_key("gem", one), GemVersion(one)
    assert (ours < version_key("gem", two)) == (theirs < GemVersion(two))


@given(st.from_regex(r"([0-9]:)?[0-9a-c.~^+_]{1,8}-[0-9a-c.]{1,4}", fullmatch=True),
       st.from_regex(r"([0-9]:)?[0-9a-c.~^+_]{1,8}-[0-9a-c.]{1,4}", fullmatch=True))  # fmt: skip
def test_rpm_keys_are_a_total_order(one: str, two: str):
    keys = version_key("rpm", one), version_key("rpm", two)
    assert sum((keys[0] < keys[1], keys[0] == keys[1], keys[1] < keys[0])) == 1
