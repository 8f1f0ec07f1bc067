"""Who decides: by trust, by exactness, by time; and what is never let through."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.kernel import time_text
from stella.vex import SETTLED, Heard, State, Verdict, Voices
from stella.vex.weigh import STRANGE_MAX
from vex.sayings import (
    BUILDER,
    EARLY,
    HUB,
    IMAGE,
    LATE,
    NOW,
    STRANGER,
    URLLIB,
    VENDOR,
    heard,
    image,
    product,
    statement,
)


def verdict(*documents: Heard, aliases: tuple[str, ...] = (), name: str = "CVE-2026-1") -> Verdict:
    return Voices(documents).verdict(image(), URLLIB, name, aliases, NOW)


def whys(found: Verdict) -> list[str]:
    return [one.why for one in found.voices if not one.counts]


def test_nobody_speaks() -> None:
    assert verdict() == Verdict(State.NONE)
    assert verdict(heard(VENDOR, statement(names=("CVE-2026-2",)))).state is State.NONE


@pytest.mark.parametrize("status", ["not_affected", "affected", "fixed", "under_investigation"])
def test_one_trusted_word_is_the_verdict(status: str) -> None:
    found = verdict(heard(VENDOR, statement(status)))
    assert found.state == status
    assert [one.issuer for one in found.voices if one.counts] == ["vendor"]


def test_a_stranger_is_shown_and_never_decides() -> None:
    found = verdict(heard(STRANGER, statement()))
    assert found.state is State.NONE
    assert whys(found) == ["its issuer is unknown"]


def test_of_strangers_only_so_many_identifiers_are_looked_at_for_one_finding() -> None:
    many = [*[product("pkg:pypi/other")] * STRANGE_MAX, product("pkg:pypi/urllib3")]
    parts = product(digest=IMAGE, within=["pkg:pypi/urllib3"] * STRANGE_MAX)
    short, long, deep = (
        heard(STRANGER, statement("fixed", *said)) for said in (many[-1:], many, [parts])
    )
    found = verdict(short, long, deep, heard(VENDOR, statement("affected", *many)))
    assert found.state is State.AFFECTED
    assert [(one.issuer, one.counts) for one in found.voices] == [
        ("vendor", True),
        ("somebody", False),
    ]
    assert verdict(long, deep).voices == ()


def test_not_affected_without_a_reason_does_not_count() -> None:
    found = verdict(heard(VENDOR, statement(justification="")))
    assert found.state is State.NONE
    assert "without a justification" in whys(found)[0]
    assert verdict(heard(VENDOR, statement(justification="", impact="not called"))).state == (
        "not_affected"
    )


def test_what_has_expired_does_not_count_and_neither_does_what_is_to_come() -> None:
    ends = time_text(NOW)
    found = verdict(heard(VENDOR, statement(expires=ends)))
    assert (found.state, whys(found)) == (State.NONE, [f"expired at {ends}"])
    later = time_text(NOW + timedelta(seconds=1))
    assert verdict(heard(VENDOR, statement(expires=later))).state == "not_affected"
    assert whys(verdict(heard(VENDOR, statement(at=later)))) == ["dated in the future"]


def test_what_stood_before_an_expired_statement_does_not_come_back() -> None:
    ended = heard(VENDOR, statement("affected", at=LATE, expires=time_text(NOW)))
    found = verdict(heard(VENDOR, statement(at=EARLY)), ended)
    assert found.state is State.NONE
    assert sorted(whys(found)) == [f"expired at {time_text(NOW)}", "superseded"]
    # A wider statement is another one: it was only stood before.
    exact = product("pkg:pypi/urllib3@1.26.4")
    ended = heard(VENDOR, statement("affected", exact, at=LATE, expires=time_text(NOW)))
    assert verdict(heard(VENDOR, statement(at=EARLY)), ended).state == "not_affected"


def test_the_newer_statement_of_an_issuer_stands_for_the_older() -> None:
    found = verdict(
        heard(VENDOR, statement(at=EARLY)), heard(VENDOR, statement("affected", at=LATE))
    )
    assert (found.state, whys(found)) == (State.AFFECTED, ["superseded"])


def test_a_newer_wide_statement_does_not_override_an_exact_one() -> None:
    exact = statement("affected", product("pkg:pypi/urllib3@1.26.4"), at=EARLY)
    found = verdict(heard(VENDOR, exact), heard(VENDOR, statement(at=LATE)))
    assert (found.state, whys(found)) == (State.AFFECTED, ["a more exact one stands"])


def test_equals_that_disagree_are_a_conflict() -> None:
    found = verdict(heard(VENDOR, statement()), heard(BUILDER, statement("affected", at=LATE)))
    assert found.state is State.CONFLICT
    assert found.state not in SETTLED
    assert {one.status for one in found.voices if one.counts} == {"not_affected", "affected"}


def test_one_issuer_that_says_both_at_once_is_in_conflict_with_itself() -> None:
    assert verdict(heard(VENDOR, statement(), statement("fixed"))).state is State.CONFLICT


def test_the_greater_weight_decides() -> None:
    found = verdict(heard(HUB, statement(at=LATE)), heard(VENDOR, statement("affected")))
    assert (found.state, whys(found)) == (State.AFFECTED, ["outweighed: its issuer is known"])


def test_a_new_revision_of_a_document_takes_back_what_it_no_longer_says() -> None:
    old = heard(VENDOR, statement(), id="urn:1", version=(2,))
    new = heard(VENDOR, statement(names=("CVE-2026-2",)), id="urn:1", version=(10,))
    assert verdict(old, new).state is State.NONE
    assert verdict(old, heard(BUILDER, id="urn:1", version=(10,))).state == "not_affected"


def test_a_statement_goes_by_the_names_that_the_record_gives_the_finding() -> None:
    said = heard(VENDOR, statement(names=("cve-2026-1",)))
    assert verdict(said, name="GHSA-1", aliases=("CVE-2026-1",)).state == "not_affected"
    assert verdict(said, name="GHSA-1", aliases=("CVE-2026-2",)).state is State.NONE
    other = heard(VENDOR, statement(names=("GO-1", "CVE-2026-1")))
    assert verdict(other).state == "not_affected"


def test_a_record_of_two_vulnerabilities_is_not_settled_by_a_word_about_one() -> None:
    one, two = (heard(VENDOR, statement(names=(name,))) for name in ("CVE-2026-1", "CVE-2026-2"))
    both = ("CVE-2026-1", "CVE-2026-2")
    found = verdict(one, name="DSA-1", aliases=both)
    assert found.state is State.NONE
    assert whys(found) == ["nobody has said the same of CVE-2026-2"]
    assert verdict(one, two, name="DSA-1", aliases=both).state == "not_affected"
    assert verdict(one, name="CVE-2026-2", aliases=("CVE-2026-1",)).state is State.NONE
    assert verdict(one, name="CVE-2026-1", aliases=("GHSA-1",)).state == "not_affected"
    worse = heard(VENDOR, statement("affected", names=("CVE-2026-2",)))
    assert verdict(one, worse, name="DSA-1", aliases=both).state is State.AFFECTED
    assert verdict(
        heard(VENDOR, statement(names=("DSA-1",))), name="DSA-1", aliases=both
    ).state == ("not_affected")


statements = st.builds(
    lambda status, wide, at, reason, expires: statement(
        status,
        product("pkg:pypi/urllib3") if wide else product(digest=IMAGE),
        at=at,
        justification="component_not_present" if reason else "",
        expires=expires,
    ),
    st.sampled_from(["not_affected", "affected", "fixed", "under_investigation"]),
    st.booleans(),
    st.sampled_from([EARLY, LATE]),
    st.booleans(),
    st.sampled_from(["", LATE, "2027-01-01T00:00:00.000000Z"]),
)
documents = st.lists(
    st.builds(
        lambda issuer, listed, number, version: heard(
            issuer, *listed, id=number, version=(version,)
        ),
        st.sampled_from([VENDOR, BUILDER, HUB]),
        st.lists(statements, max_size=3),
        st.sampled_from(["", "urn:1", "urn:2"]),
        st.integers(1, 3),
    ),
    max_size=6,
)
strangers = st.lists(
    st.builds(
        lambda listed, number: heard(STRANGER, *listed, id=number, version=(9,)),
        st.lists(statements, max_size=3),
        st.sampled_from(["", "urn:1"]),
    ),
    max_size=3,
)


@pytest.mark.long
@given(documents, strangers, st.randoms(use_true_random=False))
def test_the_order_of_documents_is_nothing(listed, more, random) -> None:
    mixed = [*listed, *more]
    random.shuffle(mixed)
    assert verdict(*mixed) == verdict(*listed, *more)


@pytest.mark.long
@given(documents, strangers)
def test_a_stranger_never_changes_the_verdict(listed, more) -> None:
    before, after = verdict(*listed), verdict(*listed, *more)
    assert before.state is after.state
    assert {one for one in before.voices if one.counts} == {
        one for one in after.voices if one.counts
    }


@pytest.mark.long
@given(documents)
def test_what_is_settled_was_said_so_with_a_reason_by_all_who_decide(listed) -> None:
    found = verdict(*listed)
    deciding = [one for one in found.voices if one.counts]
    if found.state in SETTLED:
        assert {one.status for one in deciding} == {found.state.value}
        assert all(not one.expires or one.expires > time_text(NOW) for one in deciding)
    assert bool(deciding) is (found.state is not State.NONE)


@pytest.mark.long
@given(documents)
def test_saying_it_twice_says_no_more(listed) -> None:
    assert verdict(*listed, *listed).state is verdict(*listed).state
