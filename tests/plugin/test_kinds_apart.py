"""Feeds, routers, metrics and policy packs in a process of their own hold what they hold in ours."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures.road import connect_nowhere
from plugin.packages import SCHEMA
from plugin.strangers import leaving_nothing, source_of
from stella.plugin.contract.connection import Connect, Connection
from stella.plugin.contract.core import Kind
from stella.plugin.refusals import NotSupported, NotThere
from stella.sdk import AnswerPart, GivenText, Quote, Weight, WrittenSentence
from stella.sdk.apart.opened import connected_apart
from stella.sdk.apart.process import PluginProcess
from stella.sdk.testing import (
    FEED_CHECKS,
    METRICS_CHECKS,
    POLICY_PACK_CHECKS,
    FeedBench,
    MetricsBench,
    PolicyPackBench,
)

pytestmark = pytest.mark.apart

AT = datetime(2030, 1, 1, tzinfo=UTC)
POLICY = "apiVersion: stella/v1\nkind: Policy\nname: ours\nspec: {rego: 'package stella'}\n"
CODE = f"""
from datetime import UTC, datetime
from stella.sdk import Sample
from stella.sdk.testing import (
    SimulatedFeed, SimulatedLanguageModel, SimulatedMetrics, SimulatedPolicyPack, SimulatedRouter,
)

AT = datetime(2030, 1, 1, tzinfo=UTC)
FEED = SimulatedFeed({{name: name.encode() * 400_000 for name in "abcde"}})
ROUTER = SimulatedRouter({{"web": {{"blue": 1000, "green": 0}}}})
METRICS = SimulatedMetrics(
    {{"errors": (Sample("0.25", AT, {{"job": "web"}}), Sample("3", AT)), "odd": (Sample("NaN", AT),)}},
    AT,
)
MODEL = SimulatedLanguageModel()
PACK = SimulatedPolicyPack({{"ours.yaml": {POLICY!r}}})
PLUGIN = Plugin(
    feeds={{"odd": lambda connection: FEED}},
    routers={{"odd": lambda connection: ROUTER}},
    metric_sources={{"odd": lambda connection: METRICS}},
    language_models={{"odd": lambda connection: MODEL}},
    policy_packs={{"odd": lambda connection: PACK}},
)
"""
KINDS = (Kind.FEED, Kind.ROUTER, Kind.METRICS, Kind.LANGUAGE_MODEL, Kind.POLICY_PACK)
# Beginning a process is what the host does; in the child there is nothing to reach anyway.
_HOSTS_OWN = {"nothing_is_reached_but_through_connect", "it_reaches_nothing"}

Opened = Callable[[Kind], Callable[[Connect], Any]]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("odd")
    brought = [
        {"kind": kind.value, "name": "odd", "title": "Odd", "configSchema": SCHEMA}
        for kind in KINDS
    ]
    with leaving_nothing(str(Path(folder).name)):
        process = PluginProcess(source_of(folder, "odd", CODE, contributes=brought))

        def of(kind: Kind) -> Callable[[Connect], Any]:
            return lambda way: connected_apart(process, kind, "odd", Connection("", way))

        yield of
        process.close()


def own(checks: tuple[Callable[[Any], None], ...]) -> list[Callable[[Any], None]]:
    return [one for one in checks if one.__name__ not in _HOSTS_OWN]


@pytest.mark.parametrize("check", own(METRICS_CHECKS), ids=lambda check: check.__name__)
def test_metrics_hold_their_kit(check: Callable[[Any], None], opened: Opened) -> None:
    check(
        MetricsBench(
            open=opened(Kind.METRICS),
            connect=connect_nowhere,
            at=AT,
            expression="errors",
            values=("0.25", "3"),
            empty="nothing",
            bad="errors(",
            no_number="odd",
        )
    )


def test_a_language_model_is_told_texts_and_gives_sentences(opened: Opened) -> None:
    model = opened(Kind.LANGUAGE_MODEL)(connect_nowhere)
    found = model.write("What?", (GivenText(1, "The first line.\nMore."), GivenText(2, "Another.")))
    assert found == tuple(
        WrittenSentence(AnswerPart.WHAT_IT_IS, text, (Quote(number, text),))
        for number, text in ((1, "The first line."), (2, "Another."))
    )
    with pytest.raises(NotSupported):
        model.write("What?" * 20_000, ())


@pytest.mark.parametrize("check", own(POLICY_PACK_CHECKS), ids=lambda check: check.__name__)
def test_a_policy_pack_holds_its_kit(check: Callable[[Any], None], opened: Opened) -> None:
    check(PolicyPackBench(opened(Kind.POLICY_PACK), connect_nowhere))


@pytest.mark.parametrize("number", [0, 1, 3], ids=lambda number: FEED_CHECKS[number].__name__)
def test_a_feed_holds_what_its_kit_asks_of_one_that_does_not_change(
    number: int, opened: Opened
) -> None:
    def never(name: str, content: bytes | None) -> None:
        raise AssertionError(name, content)

    documents = {name: name.encode() * 400_000 for name in "abcde"}
    FEED_CHECKS[number](
        FeedBench(
            open=opened(Kind.FEED),
            connect=connect_nowhere,
            published=lambda: documents,
            publish=never,
            breaking=nullcontext,
        )
    )


def test_a_router_takes_weights_and_refuses_what_is_none(opened: Opened) -> None:
    router = opened(Kind.ROUTER)(connect_nowhere)
    wanted = (Weight("blue", 250), Weight("green", 750))
    assert router.set_weights("web", wanted) == wanted == router.weights("web")
    with pytest.raises(NotSupported):
        router.set_weights("web", (Weight("blue", 1),))
    with pytest.raises(NotThere):
        router.weights("nobody")
