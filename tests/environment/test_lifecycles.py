"""Documents of lifecycles: what they may say, and what is refused, with the circle by name."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.environment.errors import LifecycleLoop, MalformedDocument
from stella.environment.lifecycles.document import parse_lifecycle
from stella.environment.lifecycles.model import Lifecycle, behind, circle_in


def phase(name: str, *environments: str, **more: object) -> dict[str, object]:
    return {"name": name, "environments": list(environments or (name,)), **more}


def parse(*phases: dict[str, object], **more: object) -> Lifecycle:
    return parse_lifecycle("standard", {"phases": list(phases), **more})


def test_a_phase_follows_the_one_before_it_unless_it_says_otherwise() -> None:
    found = parse(
        phase("dev"),
        phase("stage", "eu", "us", atLeast=1, soak=2),
        phase("load", after=["dev"], optional=True),
        phase("prod", after=["stage", "load"]),
    )
    assert [one.after for one in found.phases] == [(), ("dev",), ("dev",), ("stage", "load")]
    assert found.phase("stage").count == 1
    assert [one.name for one in found.before(found.phase("prod"))] == ["dev", "stage", "load"]
    assert found.following("dev") == ("eu", "us", "load", "prod")
    assert parse_lifecycle("standard", found.spec()) == found


@pytest.mark.parametrize(
    ("phases", "more", "why"),
    [
        ([], {}, "from 1 to"),
        ([phase("dev"), phase("dev", "other")], {}, "the phase 'dev' stands in it more than once"),
        ([phase("dev", "a"), phase("prod", "a")], {}, "the environment 'a' stands in it more"),
        ([phase("dev", "a", "a")], {}, "the environment 'a' stands in it more"),
        ([{"name": "dev", "environments": []}], {}, "it has no environment"),
        ([phase("dev"), phase("prod", after=["dv"])], {}, "did you mean 'dev'"),
        ([phase("dev", atLeast=2)], {}, "nothing reaches what follows"),
        ([phase("dev", atLeast=0)], {}, "atLeast is from 1"),
        ([phase("dev", atLeast=1, optional=True)], {}, "either atLeast or optional"),
        ([phase("dev", soak=1, optional=True)], {}, "soak time of an optional phase"),
        ([phase("dev", soak=-1)], {}, "soak is up to"),
        ([phase("Dev", "a")], {}, "it is no name"),
        ([phase("dev", sok=1)], {}, "sok"),
        ([phase("dev")], {"chanels": []}, "did you mean 'channels'"),
        ([phase("dev")], {"channels": ["Not a name"]}, "is no name"),
        ([phase("dev")], {"hotfix": {"skip": ["dev"]}}, "neither channels nor by"),
        ([phase("dev")], {"hotfix": {"skip": [], "by": ["ops"]}}, "skip names no phase"),
        ([phase("dev")], {"hotfix": {"skip": ["prod"], "by": ["ops"]}}, "skip names 'prod'"),
        ([phase("dev")], {"hotfix": {"skip": ["dev"], "by": [""]}}, "names in by"),
    ],
)
def test_what_cannot_be_is_refused(
    phases: list[dict[str, object]], more: dict[str, object], why: str
) -> None:
    with pytest.raises(MalformedDocument, match=why):
        parse(*phases, **more)


def test_every_reason_is_said_at_once() -> None:
    with pytest.raises(MalformedDocument) as refusal:
        parse(phase("dev", soak=-1), phase("prod", after=["moon"]), channels=["A b"])
    assert all(word in str(refusal.value) for word in ("soak", "moon", "A b"))


def test_a_thousand_wrong_words_cost_no_more_than_the_first_of_them() -> None:
    strangers = [f"stranger-{number}" for number in range(1000)]
    with pytest.raises(MalformedDocument) as refusal:
        parse(*(phase(f"p{number}", after=strangers) for number in range(50)))
    assert str(refusal.value).count("which is no phase") == 20


def test_a_circle_is_named_with_what_it_cuts_off() -> None:
    with pytest.raises(LifecycleLoop) as refusal:
        parse(
            phase("dev"),
            phase("a", after=["c"]),
            phase("b", after=["a"]),
            phase("c", after=["b"]),
            phase("prod", after=["dev", "c"]),
        )
    assert "a -> b -> c -> a; nothing reaches prod either" in str(refusal.value)
    assert refusal.value.facts["phases"] == ["a", "b", "c", "a"]
    assert refusal.value.facts["unreachable"] == ["prod"]


def test_a_phase_that_follows_itself_is_a_circle() -> None:
    with pytest.raises(LifecycleLoop, match="dev -> dev"):
        parse(phase("dev", after=["dev"]))


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    names = [f"p{number}" for number in range(draw(st.integers(1, 7)))]
    return {name: tuple(draw(st.sets(st.sampled_from(names), max_size=3))) for name in names}


@given(graphs())
def test_a_circle_is_found_exactly_where_phases_never_get_their_turn(
    after: dict[str, tuple[str, ...]],
) -> None:
    reached: set[str] = set()
    for _ in after:
        reached |= {name for name, earlier in after.items() if {*earlier} <= reached}
    circle = circle_in(after)
    assert bool(circle) == (reached != {*after})
    if circle:
        assert circle[0] == circle[-1]
        for earlier, later in itertools.pairwise(circle):
            assert earlier in after[later]
        assert not {*circle} & reached
        assert not {*behind(after, circle)} & ({*circle} | reached)
