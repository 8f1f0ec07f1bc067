"""Which tags are versions of a component, which is the newest, and how releases are counted."""

import threading
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.road import Road
from stella.kernel import Remedy
from stella.plugin.refusals import RegistryRefused, RegistryUnreachable
from stella.release.components.choose import Version, choose, versions_among
from stella.release.components.model import Component, Pick, Rule, parse_component, parse_template
from stella.release.components.places import Found, Tagged, tags_at
from stella.release.components.store import next_count
from stella.release.errors import MalformedComponent, NoSuchVersion

IMAGE = "registry.test/shop/web"
TAGS = ["latest", "1.2.0", "v1.10.0", "1.9.0", "2.0.0-rc.1", "1.10.0-alpine", "nightly-7", "v1.10"]


def versions(rule: Rule, tags: list[str] = TAGS) -> list[str]:
    return [one.tag for one in versions_among(tags, rule)]


@pytest.mark.parametrize(
    ("rule", "tags"),
    [
        (Rule(), ["v1.10", "v1.10.0", "1.9.0", "1.2.0"]),
        (Rule(range="^1.2 <1.10"), ["1.9.0", "1.2.0"]),
        (Rule(range=">=2", prereleases=True), []),
        (Rule(range=">=2.0.0-rc", prereleases=True), ["2.0.0-rc.1"]),
        (Rule(tag="{version}-alpine"), ["1.10.0-alpine"]),
        (Rule(tag="nightly-{version}"), ["nightly-7"]),
        (Rule(regex=r"^v?1\.(9|10)\.0$"), ["v1.10.0", "1.9.0"]),
        (Rule(tag="*{version}"), ["v1.10", "v1.10.0", "nightly-7", "1.9.0", "1.2.0"]),
    ],
)
def test_a_rule_says_which_tags_are_versions_and_in_which_order(rule: Rule, tags: list[str]):
    found = versions(rule)
    if rule.tag == "*{version}":
        assert set(tags) <= set(found)
    else:
        assert found == tags


@given(st.permutations(TAGS))
def test_the_order_of_a_registrys_tags_decides_nothing(tags: list[str]):
    assert versions(Rule(prereleases=True), tags) == versions(Rule(prereleases=True))


NUMBER = st.integers(0, 30)


@given(st.lists(st.tuples(NUMBER, NUMBER, NUMBER), min_size=1, unique=True))
def test_the_newest_is_the_one_that_no_other_is_above(numbers: list[tuple[int, int, int]]):
    tags = [".".join(map(str, one)) for one in numbers]
    newest = choose(Component(IMAGE), Pick(), "web", tags)
    assert newest.version == ".".join(map(str, max(numbers)))


def test_a_version_named_by_hand_need_not_fit_the_range_but_has_to_be_there():
    component = Component(IMAGE, Rule(range="^1"))
    assert choose(component, Pick(), "web", TAGS, "2.0.0-rc.1").tag == "2.0.0-rc.1"
    assert choose(component, Pick(), "web", TAGS, "v1.10.0").tag == "v1.10.0"
    with pytest.raises(NoSuchVersion) as refusal:
        choose(component, Pick(), "web", TAGS, "3.0.0")
    assert refusal.value.facts["known"]
    with pytest.raises(NoSuchVersion, match="no channel"):
        choose(component, Pick(channel="beta"), "web", TAGS)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"image": "shop web"}, "image"),
        ({"image": f"{IMAGE}:1"}, "without a tag"),
        ({"image": f"{IMAGE}@sha256:{'a' * 64}"}, "without a digest"),
        ({"image": IMAGE, "versions": {"tag": "v*"}}, "versions.tag"),
        ({"image": IMAGE, "versions": {"tag": "***{version}"}}, "versions.tag"),
        ({"image": IMAGE, "versions": {"range": ">=a"}}, "versions.range"),
        ({"image": IMAGE, "channels": {"A B": {}}}, "channels"),
        ({"image": IMAGE, "versions": {"regex": "(?=a)"}}, "versions.regex"),
        ({"image": IMAGE, "versions": {"regex": "((a{99}){99}){99}"}}, "versions.regex"),
        ({"image": IMAGE, "versions": {"image": IMAGE}}, "versions.image"),
        ({"image": IMAGE, "channels": {"next": {"image": "a b"}}}, "channels.next.image"),
        ({"image": IMAGE, "channels": {"next": {"mirrors": [IMAGE]}}}, "channels.next.mirrors"),
        ({"image": IMAGE, "mirrors": [f"{IMAGE}:1"]}, "mirrors"),
        ({"image": IMAGE, "mirrors": [IMAGE]}, "stands there twice"),
        ({"image": IMAGE, "platforms": ["linux"]}, "platforms"),
        ({"image": IMAGE, "version": {}}, "did you mean 'versions'"),
        ({}, "image"),
    ],
)
def test_what_no_component_can_be_is_refused(spec: dict[str, object], why: str):
    with pytest.raises(MalformedComponent) as refusal:
        parse_component("web", spec)
    assert why in str(refusal.value)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"components": {}}, "no component"),
        ({"components": {"web": {"channel": "a", "range": "1"}}}, "either a channel or a range"),
        ({"components": {"web": {}}, "version": "{count}"}, "did you mean 'counter'"),
        ({"components": {"web": {}}, "version": "a b"}, "version:"),
    ],
)
def test_what_no_template_can_be_is_refused(spec: dict[str, object], why: str):
    with pytest.raises(MalformedComponent) as refusal:
        parse_template("shop", spec)
    assert why in str(refusal.value)


def test_a_hostile_expression_takes_no_longer_than_another():
    hostile = Rule(regex="^(a|a)*(a|a)*(a|a)*b$")
    assert versions(hostile, ["a" * 127] * 500) == []


class Registry:
    """tags: what it answers; a refusal is raised instead."""

    def __init__(self, answer: tuple[str, ...] | Exception) -> None:
        self.answer = answer

    def tags(self, repository: str) -> tuple[str, ...]:
        del repository
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def silent() -> RegistryUnreachable:
    return RegistryUnreachable("no answer", remedy=Remedy("-"))


def test_a_mirror_is_asked_where_those_before_it_do_not_answer():
    images = ("one.test/shop/web", "two.test/shop/web", "three.test/shop/web")
    refused = RegistryRefused("no", remedy=Remedy("-"))

    def look(*answers: tuple[str, ...] | Exception) -> Found:
        known = dict(zip(("one.test", "two.test", "three.test"), answers, strict=True))
        return tags_at(lambda host: cast("Tagged", Registry(known[host])), images)

    assert look(("1.0",), silent(), silent()) == Found(images[0], ("1.0",))
    assert look(silent(), ("1.1",), ("1.2",)) == Found(images[1], ("1.1",), images[:1])
    assert look((), ("1.1",), ("1.2",)).tags == (), "what it answers counts, be it nothing"
    with pytest.raises(RegistryRefused):
        look(refused, ("1.1",), ("1.2",))
    with pytest.raises(RegistryUnreachable):
        look(silent(), silent(), silent())


def test_a_number_is_given_to_nobody_twice(road: Road):
    """Eight at once, on SQLite and on PostgreSQL; those that come to nothing leave gaps, never doubles."""
    given_out: list[int] = []

    def count() -> None:
        for _ in range(5):
            with road.database.transaction(actor="usr_dev") as tx:
                number = next_count(tx, "shop@1.{counter}")
            given_out.append(number)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(given_out) == list(range(1, 41))


@pytest.mark.parametrize(
    "tag", ["1" * 1_000_000 + "!", "1.0.0\n", "1.0.0 ", "-1.0.0", "1.0.0" * 100]
)
def test_what_is_no_tag_is_passed_over_whatever_a_registry_says(tag: str):
    assert versions(Rule(tag="*{version}*"), [tag, "1.0.0"]) == ["1.0.0"]


def test_what_was_told_is_no_other_version_by_a_tag_that_says_the_same() -> None:
    told = [Version("", "1.4.0", "registry.test/web@sha256:0")]
    tags = ["1.4", "1.4.0", "v1.4.0", "1.3.9"]
    found = versions_among(tags, Rule(tag="{version}"), told)
    assert [(one.tag, one.version) for one in found] == [("", "1.4.0"), ("1.3.9", "1.3.9")]
