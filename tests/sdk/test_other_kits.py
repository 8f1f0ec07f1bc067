"""The kits of steps, feeds, routers, metrics, language models, policy packs: each fault is found."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fixtures.road import connect_nowhere
from stella.kernel import Remedy
from stella.plugin.refusals import StepFailed
from stella.sdk import GivenText, Sample, StepCall, StepResult, Weight, WrittenSentence
from stella.sdk.testing import (
    FEED_CHECKS,
    LANGUAGE_MODEL_CHECKS,
    METRICS_CHECKS,
    POLICY_PACK_CHECKS,
    ROUTER_CHECKS,
    STEP_CHECKS,
    FeedBench,
    LanguageModelBench,
    MetricsBench,
    PolicyPackBench,
    RouterBench,
    SimulatedFeed,
    SimulatedLanguageModel,
    SimulatedMetrics,
    SimulatedPolicyPack,
    SimulatedRouter,
    SimulatedStep,
    StepBench,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
POLICY = "apiVersion: stella/v1\nkind: Policy\nname: ours\nspec: {rego: 'package stella'}\n"


class Verdicts(SimulatedStep):
    def run(self, call: StepCall) -> StepResult:
        if call.inputs.get("ticket") == "no":
            raise StepFailed("it is not approved", remedy=Remedy("Approve it."))
        return super().run(call)


def step_bench(step: SimulatedStep | None = None) -> StepBench:
    made = Verdicts() if step is None else step
    return StepBench(
        open=lambda _: made,
        connect=connect_nowhere,
        inputs={"ticket": "yes"},
        failing={"ticket": "no"},
        state=lambda: sorted(made.done),
        output_schema={"type": "object", "additionalProperties": False},
    )


def feed_bench(feed: SimulatedFeed | None = None) -> FeedBench:
    made = SimulatedFeed() if feed is None else feed
    made.documents |= {f"{name}.json": name.encode() * 9 for name in ("a", "b", "c", "d", "e")}

    def publish(name: str, content: bytes | None) -> None:
        made.documents.pop(name, None)
        if content is not None:
            made.documents[name] = content

    @contextlib.contextmanager
    def breaking() -> Iterator[None]:
        made.is_broken = True
        yield
        made.is_broken = False

    return FeedBench(
        lambda _: made, connect_nowhere, lambda: dict(made.documents), publish, breaking
    )


def router_bench(router: SimulatedRouter | None = None) -> RouterBench:
    made = SimulatedRouter({}) if router is None else router
    made.routes["web"] = {"blue": 1000, "green": 0, "grey": 0}
    return RouterBench(
        open=lambda _: made,
        connect=connect_nowhere,
        route="web",
        backends=("blue", "green", "grey"),
        routed=lambda: dict(made.routes["web"]),
    )


def metrics_bench(source: SimulatedMetrics | None = None) -> MetricsBench:
    made = SimulatedMetrics({}, NOW - timedelta(days=1)) if source is None else source
    made.measured |= {
        "errors": (Sample("0.25", NOW, {"job": "web"}), Sample("3", NOW)),
        "odd": (Sample("NaN", NOW),),
    }
    return MetricsBench(
        open=lambda _: made,
        connect=connect_nowhere,
        at=NOW,
        expression="errors",
        values=("0.25", "3"),
        empty="nothing",
        bad="errors(",
        no_number="odd",
    )


def model_bench(model: SimulatedLanguageModel | None = None) -> LanguageModelBench:
    made = SimulatedLanguageModel() if model is None else model

    def seen() -> str:
        return "".join(f"{question}{texts}" for question, texts in made.asked)

    return LanguageModelBench(lambda _: made, connect_nowhere, seen, made.characters_max)


def pack_bench(**texts: str) -> PolicyPackBench:
    pack = SimulatedPolicyPack(texts or {"ours.yaml": POLICY})
    return PolicyPackBench(lambda _: pack, connect_nowhere)


BENCHES: tuple[tuple[tuple[Callable[..., None], ...], Callable[..., Any]], ...] = (
    (STEP_CHECKS, step_bench),
    (FEED_CHECKS, feed_bench),
    (ROUTER_CHECKS, router_bench),
    (METRICS_CHECKS, metrics_bench),
    (LANGUAGE_MODEL_CHECKS, model_bench),
    (POLICY_PACK_CHECKS, pack_bench),
)
CASES = [(check, bench) for checks, bench in BENCHES for check in checks]


@pytest.mark.parametrize(
    ("check", "bench"), CASES, ids=[f"{bench.__name__}-{check.__name__}" for check, bench in CASES]
)
def test_our_fakes_pass_their_kits(check: Callable[[Any], None], bench: Callable[[], Any]) -> None:
    check(bench())


def found_by(checks: tuple[Callable[[Any], None], ...], bench: Callable[[], Any]) -> set[str]:
    """The names of the checks that fail."""
    failing = set()
    for check in checks:
        try:
            check(bench())
        except Exception:  # noqa: BLE001 - whatever it is, the check has failed
            failing.add(check.__name__)
    return failing


class Forgetful(Verdicts):
    """Does it again at each attempt."""

    def run(self, call: StepCall) -> StepResult:
        self.done[f"{call.key}{len(self.done)}"] = call.inputs
        return StepResult("done")


class Lasting(Verdicts):
    def undo(self, call: StepCall) -> None:
        del call


class Eager(Verdicts):
    def undo(self, call: StepCall) -> None:
        del call
        self.done.clear()


class Silent(Verdicts):
    def run(self, call: StepCall) -> StepResult:
        return replace(super().run(call), summary="")


class Wordy(Verdicts):
    def run(self, call: StepCall) -> StepResult:
        return replace(super().run(call), outputs={"more": 1})


class Mild(SimulatedStep):
    """Gives no verdict."""


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (Forgetful, "twice_is_once_by_its_key"),
        (Lasting, "undo_takes_back_what_was_done"),
        (Eager, "undo_of_what_was_never_done_changes_nothing"),
        (Silent, "what_it_leaves_is_what_its_manifest_says"),
        (Wordy, "what_it_leaves_is_what_its_manifest_says"),
        (Mild, "a_verdict_is_step_failed"),
    ],
)
def test_a_step_that_is_wrong_is_found(step: type[SimulatedStep], found: str) -> None:
    assert found in found_by(STEP_CHECKS, lambda: step_bench(step()))


class Repeating(SimulatedFeed):
    def changes(self, cursor: str) -> Any:
        del cursor
        return replace(super().changes(""), is_complete=True)


class Endless(SimulatedFeed):
    def changes(self, cursor: str) -> Any:
        return replace(super().changes(cursor), is_complete=False)


class Short(SimulatedFeed):
    def _pieces(self, content: bytes) -> Iterator[bytes]:
        yield content[:3] if self.is_broken else content


class Keeping(SimulatedFeed):
    def changes(self, cursor: str) -> Any:
        return replace(super().changes(cursor), removed=())


@pytest.mark.parametrize(
    ("feed", "found"),
    [
        (Repeating, "what_is_known_is_not_told_again"),
        (Endless, "everything_comes_from_an_empty_cursor"),
        (Short, "a_broken_document_is_no_short_one"),
        (Keeping, "a_change_is_told_once"),
    ],
)
def test_a_feed_that_is_wrong_is_found(feed: type[SimulatedFeed], found: str) -> None:
    assert found in found_by(FEED_CHECKS, lambda: feed_bench(feed()))


class Rounding(SimulatedRouter):
    """Sets another division than it was asked for."""

    def set_weights(self, route: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
        self._route(route).update({one.backend: one.permille // 10 * 10 for one in weights})
        return weights


class Careless(SimulatedRouter):
    def set_weights(self, route: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
        self._route(route).update({one.backend: one.permille for one in weights})
        return self.weights(route)


@pytest.mark.parametrize(
    ("router", "found"),
    [
        (Rounding, "finer_than_it_can_is_refused"),
        (Careless, "what_is_no_division_changes_nothing"),
    ],
)
def test_a_router_that_is_wrong_is_found(router: type[SimulatedRouter], found: str) -> None:
    assert found in found_by(ROUTER_CHECKS, lambda: router_bench(router({})))
    assert found_by(ROUTER_CHECKS, lambda: router_bench(SimulatedRouter({}, step=10))) == set()


class Zeros(SimulatedMetrics):
    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        return super().query(expression, at) or (Sample("0", at),)


class Timeless(SimulatedMetrics):
    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        return super().query(expression, max(at, self.began))


class Lenient(SimulatedMetrics):
    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        return super().query(expression, at) if expression.isidentifier() else ()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (Zeros, "nothing_is_no_zero"),
        (Timeless, "another_time_is_another_question"),
        (Lenient, "what_is_no_expression_is_a_bad_query"),
    ],
)
def test_a_source_that_is_wrong_is_found(source: type[SimulatedMetrics], found: str) -> None:
    made = lambda: metrics_bench(source({}, NOW - timedelta(days=1)))  # noqa: E731
    assert found in found_by(METRICS_CHECKS, made)


class Mute(SimulatedLanguageModel):
    def write(self, question: str, texts: tuple[GivenText, ...]) -> tuple[WrittenSentence, ...]:
        super().write(question, texts)
        return ()


class Cutting(SimulatedLanguageModel):
    def write(self, question: str, texts: tuple[GivenText, ...]) -> tuple[WrittenSentence, ...]:
        return super().write(question, tuple(replace(one, text=one.text[:40]) for one in texts))


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (Mute, {"what_it_writes_is_sentences_with_quotes"}),
        (Cutting, {"every_text_and_the_question_are_sent", "what_is_too_much_is_refused"}),
    ],
)
def test_a_model_that_is_wrong_is_found(
    model: type[SimulatedLanguageModel], found: set[str]
) -> None:
    assert found <= found_by(LANGUAGE_MODEL_CHECKS, lambda: model_bench(model()))


@pytest.mark.long
@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"a.yaml": "kind: Policy"}, "each_is_what_apply_takes"),
        ({"a.yaml": POLICY, "b.yaml": POLICY}, "no_two_are_about_the_same"),
        ({"a\nb": POLICY}, "it_has_documents_that_can_be_shown"),
        ({"a.yaml": POLICY + "#" * 2_000_000}, "it_has_documents_that_can_be_shown"),
    ],
)
def test_a_pack_that_is_wrong_is_found(texts: dict[str, str], found: str) -> None:
    assert found in found_by(POLICY_PACK_CHECKS, lambda: pack_bench(**texts))
