"""Which files a path, a folder or a pattern of a followed repository means."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stella.environment.followed.files import (
    chosen,
    in_the_way,
    is_plain,
    pattern_faults,
    search_of,
)

PATHS = (
    "readme.md",
    "top.yaml",
    ".hidden.yaml",
    "deploy/b.yaml",
    "deploy/a.yml",
    "deploy/notes.md",
    "deploy/.git.yaml",
    "deploy/eu/live.yaml",
    "deploy/eu/.old/live.yaml",
    "environments/qa.yaml",
    "environments/eu/west/live.yaml",
)


@pytest.mark.parametrize(
    ("entry", "meant", "search"),
    [
        ("deploy/", ("deploy/a.yml", "deploy/b.yaml", "deploy/eu/live.yaml"), ("deploy", True)),
        ("deploy/*.yaml", ("deploy/b.yaml",), ("deploy", False)),
        ("deploy/.*.yaml", ("deploy/.git.yaml",), ("deploy", False)),
        ("deploy/eu/.old/*", ("deploy/eu/.old/live.yaml",), ("deploy/eu/.old", False)),
        (
            "environments/**/*.yaml",
            ("environments/eu/west/live.yaml", "environments/qa.yaml"),
            ("environments", True),
        ),
        ("*/qa.yaml", ("environments/qa.yaml",), ("", True)),
        ("*.yaml", ("top.yaml",), ("", False)),
        ("**/live.yaml", ("deploy/eu/live.yaml", "environments/eu/west/live.yaml"), ("", True)),
        ("environments/*/*/l*e.yaml", ("environments/eu/west/live.yaml",), ("environments", True)),
        ("deploy/a*a.yml", (), ("deploy", False)),
    ],
)
def test_what_is_meant_in_a_stable_order(
    entry: str, meant: tuple[str, ...], search: tuple[str, bool]
) -> None:
    assert chosen(entry, PATHS) == chosen(entry, PATHS[::-1]) == meant
    assert search_of(entry) == search
    assert not is_plain(entry)
    assert not [*pattern_faults(entry)]


def test_links_that_are_meant_or_may_lead_to_what_is() -> None:
    links = ("deploy/eu", "deploy/a.yaml", "deploy/.old", "readme", "deploy/x/y")
    assert in_the_way("deploy/", links) == ("deploy/a.yaml", "deploy/eu", "deploy/x/y")
    assert in_the_way("deploy/*.yaml", links) == ("deploy/a.yaml",)
    assert in_the_way("deploy/eu/*.yaml", links) == ("deploy/eu",)
    assert in_the_way("readme/../x*", links) == ("readme",)


@pytest.mark.parametrize("entry", ["a**/b.yaml", "**.yaml", "deploy/**", "***/x"])
def test_what_cannot_be_meant(entry: str) -> None:
    assert [*pattern_faults(entry)]


WORDS = st.lists(st.sampled_from(["a", "b", ".a", "ab", "ba"]), min_size=1, max_size=5)
PARTS = st.lists(st.sampled_from(["**", "*", "a*", "*b", ".*", "a", "*a*b*"]), max_size=4)


@settings(max_examples=200)
@given(words=WORDS, parts=PARTS)
def test_it_means_what_the_same_regular_expression_means(
    words: list[str], parts: list[str]
) -> None:
    entry = "/".join([*parts, "*"])
    said = ""
    for part in [*parts, "*"]:
        if part == "**":
            said += r"(?:[^./][^/]*/)*"
        else:
            shown = "" if part.startswith(".") else r"(?!\.)"
            plain = re.escape(part).replace(r"\*", "[^/]*")
            said += (shown if "*" in part else "") + plain + "/"
    path = "/".join(words)
    assert bool(chosen(entry, [path])) is (re.fullmatch(said, f"{path}/") is not None)
