"""The steps that use integrations: the kit of steps, and what their verdicts rest on."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest

from fixtures.road import connect_nowhere
from stella.kernel import Remedy, StellaError
from stella.plugin.contract.ci import BuildState
from stella.plugin.refusals import (
    BadQuery,
    NotSupported,
    NotThere,
    ServiceRefused,
    ServiceUnreachable,
)
from stella.sdk import Connection, Json, Sample, StepCall, StepFailed, manifest_beside
from stella.sdk.testing import STEP_CHECKS, SimulatedCi, SimulatedMetrics, StepBench
from stella_connectors.steps import TriggerBuild, VerifyMetrics

BROUGHT = {one.name: one for one in manifest_beside("stella_connectors.steps").contributes}
NOW = datetime(2030, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Source:
    """Gives the next of its answers at each query, the last one for good."""

    def __init__(self, *answers: tuple[str, ...] | StellaError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        self.asked.append(expression)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, StellaError):
            raise answer
        return tuple(Sample(value, at) for value in answer)

    def check(self) -> str:
        return "played"


def call(step: str, inputs: Mapping[str, Json], **subject: str) -> StepCall:
    schema = jsonschema_rs.Draft202012Validator(dict(BROUGHT[step].config_schema))
    assert not list(schema.iter_errors(inputs))
    return StepCall("run", step, f"run:{step}", 1, inputs, subject)


# ---------------------------------------------------------------- verify-metrics


def measured(*answers: tuple[str, ...] | StellaError, **inputs: Any) -> Any:
    waited: list[float] = []
    step = VerifyMetrics(
        Connection("", connect_nowhere, used={"source": Source(*answers)}),
        clock=lambda: sum(waited),
        wait=waited.append,
        now=lambda: NOW,
    )
    given = {"source": "metrics", "query": "errors", "atMost": "0.05", **inputs}
    return step.run(call("verify-metrics", given))


@pytest.mark.parametrize("check", STEP_CHECKS, ids=lambda check: check.__name__)
def test_measuring_holds_what_every_step_holds(check: Callable[[StepBench], None]) -> None:
    source = SimulatedMetrics(
        {"errors": (Sample("0.01", NOW),), "bad": (Sample("9", NOW),)}, LONG_AGO
    )
    inputs = {"source": "m", "query": "errors", "atMost": "0.05", "forS": 1, "everyS": 1}
    check(
        StepBench(
            open=lambda way: VerifyMetrics(Connection("", way, used={"source": source})),
            connect=connect_nowhere,
            inputs=inputs,
            failing={**inputs, "query": "bad"},
            state=lambda: "it changes nothing",
            output_schema=BROUGHT["verify-metrics"].output_schema,
        )
    )


def test_it_measures_for_a_while_and_tells_the_span() -> None:
    result = measured(("0.01",), ("0.03", "0.02"), ("0.02",), forS=30, everyS=10)
    assert result.outputs == {"measured": 4, "bad": 0, "lowest": "0.01", "highest": "0.03"}
    assert result.summary == "errors: 4 measurements from 0.01 to 0.03"


@pytest.mark.parametrize(
    ("answers", "inputs", "why"),
    [
        ((("0.01",), ("0.06",)), {}, r"0.06 is above 0.05; 1 of 2 measurements were out of bounds"),
        ((("0.01", "0.06"),), {}, "1 of 1"),
        ((("0.06",),), {"badMax": 2}, "3 of 3"),
        ((("0.9",),), {"atMost": "1", "atLeast": "0.95"}, "0.9 is below 0.95"),
        ((("0.050000000000000000001",),), {}, "above 0.05"),  # as decimals, not as floats
        ((("1e400",),), {}, "above 0.05"),
    ],
)
def test_too_much_out_of_bounds_is_a_verdict(answers: Any, inputs: Any, why: str) -> None:
    with pytest.raises(StepFailed, match=why):
        measured(*answers, **inputs)


def test_as_many_as_may_be_out_of_bounds_may_be() -> None:
    result = measured(("9",), ("0.01",), badMax=1)
    assert (result.outputs["bad"], result.outputs["highest"]) == (1, "9")


OUT = ServiceUnreachable("it is out", remedy=Remedy("Wait."))


def test_nothing_measured_is_no_pass_and_no_verdict() -> None:
    for answer in ((), ("NaN",), ("Infinity", "-Infinity"), ("nothing",)):
        with pytest.raises(NotThere, match="0 measurements within 60 s, and 1 are wanted"):
            measured(answer)
    with pytest.raises(ServiceUnreachable, match="it is out"):
        measured(OUT)
    with pytest.raises(NotThere, match="7 measurements within 60 s, and 8 are wanted"):
        measured(("0.01",), samplesMin=8)


def test_a_source_that_is_out_for_a_moment_is_asked_again() -> None:
    result = measured(("0.01",), OUT, ("0.02",), samplesMin=6)
    assert result.outputs["measured"] == 6


def test_a_question_that_is_none_is_told_at_once() -> None:
    source = Source(BadQuery("no", remedy=Remedy("Mend it.")))
    step = VerifyMetrics(Connection("", connect_nowhere, used={"source": source}))
    with pytest.raises(BadQuery):
        step.run(call("verify-metrics", {"source": "m", "query": "x{", "atMost": "1"}))
    assert source.asked == ["x{"]


@pytest.mark.parametrize(
    "inputs",
    [
        {"source": "m", "query": "x"},  # no bound
        {"source": "m", "query": "x", "atMost": 0.05},
        {"source": "m", "query": "x", "atMost": "NaN"},
        {"source": "no name", "query": "x", "atMost": "1"},
        {"source": "m", "query": "", "atMost": "1"},
        {"source": "m", "query": "x", "atMost": "1", "forS": 801},
    ],
)
def test_inputs_that_it_cannot_use_are_refused_by_its_schema(inputs: dict[str, Any]) -> None:
    schema = jsonschema_rs.Draft202012Validator(dict(BROUGHT["verify-metrics"].config_schema))
    assert list(schema.iter_errors(inputs))


# ---------------------------------------------------------------- trigger-build


BUILD = {"ci": "builds", "pipeline": "shop/web", "reference": "main"}


def opened(ci: SimulatedCi) -> TriggerBuild:
    waited: list[float] = []
    return TriggerBuild(
        Connection("", connect_nowhere, used={"ci": ci}),
        clock=lambda: sum(waited),
        wait=waited.append,
    )


@pytest.mark.parametrize("check", STEP_CHECKS, ids=lambda check: check.__name__)
def test_building_holds_what_every_step_holds(check: Callable[[StepBench], None]) -> None:
    ci = SimulatedCi()

    def running() -> list[str]:
        going = {BuildState.QUEUED, BuildState.RUNNING}
        return [one.id for one in ci.begun.values() if one.state in going]

    inputs = {**BUILD, "withinS": 30, "everyS": 1}

    def open_it(way: Any) -> TriggerBuild:
        waited: list[float] = []
        connection = Connection("", way, used={"ci": ci})
        return TriggerBuild(connection, clock=lambda: sum(waited), wait=waited.append)

    check(
        StepBench(
            open=open_it,
            connect=connect_nowhere,
            inputs=inputs,
            failing={**inputs, "parameters": {"outcome": "bad"}},
            state=running,
            output_schema=BROUGHT["trigger-build"].output_schema,
        )
    )


def test_a_build_is_begun_once_and_told_of_the_deployment() -> None:
    class Told(SimulatedCi):
        def trigger(
            self, pipeline: str, reference: str, parameters: Mapping[str, str], key: str
        ) -> Any:
            given.append(dict(parameters))
            return super().trigger(pipeline, reference, parameters, key)

    given: list[dict[str, str]] = []
    ci = Told()
    tells = {"VERSION": "version", "IMAGE": "image.web"}
    asked = call(
        "trigger-build",
        {**BUILD, "parameters": {"SUITE": "smoke"}, "tells": tells},
        version="1.2.0",
        **{"image.web": "r.example/web@sha256:0"},
    )
    result = opened(ci).run(asked)
    assert result.outputs["build"] == "1"
    assert result.summary == "build 1 of shop/web succeeded (https://ci.example/shop/web/1)"
    opened(ci).run(asked)
    assert len(ci.begun) == 1, "by its key once"
    assert given[0] == {"SUITE": "smoke", "VERSION": "1.2.0", "IMAGE": "r.example/web@sha256:0"}
    with pytest.raises(NotThere, match=r"has no image\.other"):
        opened(ci).run(call("trigger-build", {**BUILD, "tells": {"IMAGE": "image.other"}}))


@pytest.mark.parametrize(
    ("outcome", "why"),
    [("bad", "ended as failed"), ("long", "has not ended within 600 s")],
)
def test_a_build_that_does_not_succeed_is_a_verdict(outcome: str, why: str) -> None:
    with pytest.raises(StepFailed, match=why):
        opened(SimulatedCi()).run(
            call("trigger-build", {**BUILD, "parameters": {"outcome": outcome}})
        )


COMMIT, IMAGE, OTHER = "c0" * 20, "ab" * 32, "cd" * 32
SLSA_1 = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "r.example/shop/web", "digest": {"sha256": IMAGE}}],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {
            "resolvedDependencies": [
                {"uri": "pkg:docker/base", "digest": {"sha256": OTHER}},
                {"uri": "git+https://f.example/shop/web", "digest": {"gitCommit": COMMIT}},
            ]
        },
        "runDetails": {"builder": {"id": "https://ana:hunter2@builds.example/7?token=hunter2"}},
    },
}
SLSA_0 = {
    "_type": "https://in-toto.io/Statement/v0.1",
    "subject": [{"name": "", "digest": {"sha256": OTHER}}, {"name": "x", "digest": {"sha1": "0"}}],
    "predicateType": "https://slsa.dev/provenance/v0.2",
    "predicate": {
        "builder": {"id": "https://builds.example/old"},
        "invocation": {"configSource": {"digest": {"sha1": COMMIT}}},
    },
}
SAID_1 = {
    "builder": "https://builds.example/7",
    "commit": COMMIT,
    "images": [f"r.example/shop/web@sha256:{IMAGE}"],
}
SAID_0 = {
    "builder": "https://builds.example/old",
    "commit": COMMIT,
    "images": [f"sha256:{OTHER}"],
}


def enveloped(statement: Any) -> dict[str, Any]:
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []}


@pytest.mark.parametrize(
    ("attestations", "said"),
    [
        ([SLSA_1], {"provenance": [SAID_1]}),
        ([enveloped(SLSA_1)], {"provenance": [SAID_1]}),
        ([{"mediaType": "x", "dsseEnvelope": enveloped(SLSA_0)}], {"provenance": [SAID_0]}),
        ([SLSA_1, SLSA_0], {"provenance": [SAID_1, SAID_0]}),
        ([b"%s\n%s\n"], {"provenance": [SAID_1, SAID_0]}),
        (
            [SLSA_1, b"no JSON", {"payload": "!"}, {"predicateType": 7}],
            {
                "provenance": [SAID_1],
                "provenanceUnknown": "3 of its attestations say nothing of a build that can be read",
            },
        ),
        ([], {"provenanceUnknown": "the build left no attestation"}),
    ],
    ids=["v1", "in an envelope", "v0.2 in a bundle", "two", "two lines", "strange ones", "none"],
)
def test_what_a_build_left_of_where_it_comes_from_is_told(
    attestations: list[Any], said: dict[str, Any]
) -> None:
    ci = SimulatedCi()
    lines = tuple(json.dumps(one).encode() for one in (SLSA_1, enveloped(SLSA_0)))
    ci.signed["1"] = tuple(
        one.replace(b"%s", b"%b") % lines
        if isinstance(one, bytes) and b"%s" in one
        else one
        if isinstance(one, bytes)
        else json.dumps(one).encode()
        for one in attestations
    )
    result = opened(ci).run(call("trigger-build", BUILD))
    assert {name: result.outputs[name] for name in said} == said
    assert {"provenance", "provenanceUnknown"} & result.outputs.keys() == said.keys()
    schema = jsonschema_rs.Draft202012Validator(dict(BROUGHT["trigger-build"].output_schema))
    assert not list(schema.iter_errors(result.outputs))
    assert "hunter2" not in json.dumps(result.outputs)


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (NotSupported("no", remedy=Remedy("None.")), "this build server keeps no attestations"),
        (ServiceUnreachable("out", remedy=Remedy("Wait.")), "it cannot be fetched (ST-SVC-001)"),
        (NotThere("gone", remedy=Remedy("Look.")), "it cannot be fetched (ST-SVC-003)"),
    ],
)
def test_a_build_whose_attestations_cannot_be_fetched_has_succeeded(
    refusal: StellaError, why: str
) -> None:
    class Silent(SimulatedCi):
        def provenance(self, *_: str) -> tuple[bytes, ...]:
            raise refusal

    result = opened(Silent()).run(call("trigger-build", BUILD))
    assert result.outputs["build"] == "1"
    assert result.outputs["provenanceUnknown"] == why


def test_however_much_a_build_left_its_outputs_stay_small() -> None:
    subjects = [{"name": "n" * 5000, "digest": {"sha256": f"{at:064x}"}} for at in range(500)]
    ci = SimulatedCi()
    ci.signed["1"] = (json.dumps({**SLSA_1, "subject": subjects}).encode(),) * 30
    outputs = opened(ci).run(call("trigger-build", BUILD)).outputs
    assert len(json.dumps(outputs)) < 60_000
    assert outputs["provenanceUnknown"] == "it says more than is kept"


def test_a_build_that_could_not_run_or_cannot_be_seen_is_no_verdict() -> None:
    class Ends(SimulatedCi):
        def build(self, pipeline: str, build_id: str) -> Any:
            if self.is_out:
                raise OUT
            found = super().build(pipeline, build_id)
            object.__setattr__(found, "state", BuildState.ERRORED)
            return found

    ci = Ends()
    with pytest.raises(ServiceRefused, match="could not run"):
        opened(ci).run(call("trigger-build", BUILD))
    late = Ends()
    late.trigger("shop/web", "main", {}, "run:trigger-build")

    class GoesOut(Ends):
        def trigger(self, *given: Any) -> Any:
            made = super().trigger(*given)
            self.is_out = True
            return made

    with pytest.raises(ServiceUnreachable, match="it is out"):
        opened(GoesOut()).run(call("trigger-build", BUILD))
    with pytest.raises(NotThere):
        opened(ci).run(call("trigger-build", {**BUILD, "pipeline": "nobody"}))
