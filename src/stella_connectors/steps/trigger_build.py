"""Begins a build at a build server, by its key once, and waits for how it ends."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from stella.sdk import (
    Build,
    BuildState,
    Ci,
    Connection,
    Json,
    NotThere,
    Remedy,
    ServiceRefused,
    StellaError,
    StepCall,
    StepFailed,
    StepResult,
)
from stella_connectors.steps.built import provenance_of

_GOES_ON = frozenset({BuildState.QUEUED, BuildState.RUNNING})
_SHOWN = 80


class TriggerBuild:
    """``stella.sdk.Step``. clock: seconds that only grow. wait: lets seconds pass."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._used = connection.used
        self._clock, self._wait = clock, wait

    def run(self, call: StepCall) -> StepResult:
        """Begin it, or find what this key began, and wait. Raises StepFailed where it fails, is
        cancelled, or has not ended in its time.
        """
        ci: Ci = self._used["ci"]
        asked = _asked(call)
        ends_at = self._clock() + asked.within_s
        build = ci.trigger(asked.pipeline, asked.reference, asked.parameters, call.key)
        trouble: StellaError | None = None
        while build.state in _GOES_ON and self._clock() + asked.every_s <= ends_at:
            self._wait(asked.every_s)
            try:
                build, trouble = ci.build(asked.pipeline, build.id), None
            except StellaError as refusal:
                if not refusal.retry_may_help:
                    raise
                trouble = refusal
        if trouble is not None:
            raise trouble
        result = _ending(build, asked)
        learned = provenance_of(ci, asked.pipeline, build.id)
        return replace(result, outputs={**result.outputs, **learned})

    def undo(self, call: StepCall) -> None:
        """Nothing: what was built was built, and what still runs ends by itself."""


def _ending(build: Build, asked: "_Asked") -> StepResult:
    named = f"build {_line(build.id)} of {_line(asked.pipeline)}"
    where = f" ({_line(build.url, 150)})" if build.url else ""
    if build.state is BuildState.SUCCEEDED:
        outputs: dict[str, Json] = {
            "build": build.id[:200],
            "url": build.url[:1000],
            "commit": build.commit[:100],
        }
        return StepResult(f"{named} succeeded{where}", outputs)
    if build.state is BuildState.ERRORED:
        raise ServiceRefused(
            f"{named} could not run{where}",
            remedy=Remedy("See its log at the build server; then promote again."),
        )
    ended = (
        f"has not ended within {asked.within_s} s"
        if build.state in _GOES_ON
        else f"ended as {build.state.value}"
    )
    raise StepFailed(
        f"{named} {ended}{where}",
        remedy=Remedy("See its log at the build server; or give it more time with `withinS`."),
        build=build.id[:200],
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of it."""

    pipeline: str
    reference: str
    parameters: Mapping[str, str]
    within_s: int
    every_s: int


def _asked(call: StepCall) -> _Asked:
    """Inputs hold to the manifest's schema. Raises NotThere for a word that the deployment has not."""
    inputs = call.inputs
    parameters, tells = inputs.get("parameters", {}), inputs.get("tells", {})
    within_s, every_s = inputs.get("withinS", 600), inputs.get("everyS", 5)
    assert isinstance(parameters, Mapping)
    assert isinstance(tells, Mapping)
    assert isinstance(within_s, int)
    assert isinstance(every_s, int)
    given = {name: str(text) for name, text in parameters.items()}
    for name, word in tells.items():
        if str(word) not in call.subject:
            raise NotThere(
                f"the deployment has no {_line(str(word))} to tell a build",
                remedy=Remedy(f"Name one of {', '.join(sorted(call.subject))[:500]}."),
            )
        given[name] = call.subject[str(word)]
    return _Asked(
        pipeline=str(inputs["pipeline"]),
        reference=str(inputs["reference"]),
        parameters=given,
        within_s=within_s,
        every_s=every_s,
    )


def _line(text: str, length: int = _SHOWN) -> str:
    return "".join(one if one.isprintable() else " " for one in text)[:length]
