"""Asks a metric source for a while, and holds what was measured against bounds."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from stella.sdk import (
    Connection,
    Json,
    MetricSource,
    NotThere,
    Remedy,
    StellaError,
    StepCall,
    StepFailed,
    StepResult,
)

_QUERY_SHOWN = 120


class VerifyMetrics:
    """``stella.sdk.Step``. clock: seconds that only grow. wait: lets seconds pass. now: in UTC."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._used = connection.used
        self._clock, self._wait, self._now = clock, wait, now

    def run(self, call: StepCall) -> StepResult:
        """Measure until the time is over. Raises StepFailed where too much is out of bounds.

        Where too little could be measured there is no verdict: it raises what the source raised last,
        or NotThere.
        """
        source: MetricSource = self._used["source"]
        asked, seen = _asked(call.inputs), _Seen()
        ends_at = self._clock() + asked.for_s
        while True:
            self._once(source, asked, seen)
            if seen.bad > asked.bad_max:
                raise StepFailed(
                    f"{asked.shown}: {seen.why}; {seen.bad} of {seen.measured} measurements were"
                    f" out of bounds, {asked.bad_max} may be",
                    remedy=Remedy("See what the release does there; or let `badMax` allow more."),
                    measured=seen.measured,
                    bad=seen.bad,
                )
            if self._clock() + asked.every_s > ends_at:
                break
            self._wait(asked.every_s)
        if seen.measured < asked.samples_min:
            raise seen.trouble or NotThere(
                f"{asked.shown}: {seen.measured} measurements within {asked.for_s} s, and"
                f" {asked.samples_min} are wanted: nothing is known",
                remedy=Remedy("Try the query at the source; or measure for longer with `forS`."),
            )
        return StepResult(
            f"{asked.shown}: {seen.measured} measurements from {seen.lowest} to {seen.highest}",
            {
                "measured": seen.measured,
                "bad": seen.bad,
                "lowest": str(seen.lowest),
                "highest": str(seen.highest),
            },
        )

    def undo(self, call: StepCall) -> None:
        """Nothing: measuring changes nothing."""

    def _once(self, source: MetricSource, asked: "_Asked", seen: "_Seen") -> None:
        """One measurement; where the source cannot be reached just now it is none."""
        try:
            found = source.query(asked.query, self._now())
        except StellaError as refusal:
            if not refusal.retry_may_help:
                raise
            seen.trouble = refusal
            return
        values = [value for one in found if (value := _number(one.value)) is not None]
        if not values:
            return
        seen.take(values, next(filter(None, map(asked.why_not, values)), ""))


@dataclass(slots=True)
class _Seen:
    """What was measured until now. why: of the last that was out of bounds."""

    measured: int = 0
    bad: int = 0
    why: str = ""
    lowest: Decimal | None = None
    highest: Decimal | None = None
    trouble: StellaError | None = field(default=None)

    def take(self, values: list[Decimal], why: str) -> None:
        """One measurement, of one value or several."""
        self.measured += 1
        self.bad += bool(why)
        self.why = why or self.why
        self.lowest = min(values if self.lowest is None else [self.lowest, *values])
        self.highest = max(values if self.highest is None else [self.highest, *values])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of it."""

    query: str
    at_most: Decimal | None
    at_least: Decimal | None
    for_s: int
    every_s: int
    samples_min: int
    bad_max: int

    @property
    def shown(self) -> str:
        """The query for people, on one line."""
        told = " ".join(self.query.split())
        return told if len(told) <= _QUERY_SHOWN else f"{told[:_QUERY_SHOWN]}..."

    def why_not(self, value: Decimal) -> str:
        """Why it is out of bounds; nothing where it is within."""
        if self.at_most is not None and value > self.at_most:
            return f"{value} is above {self.at_most}"
        if self.at_least is not None and value < self.at_least:
            return f"{value} is below {self.at_least}"
        return ""


def _asked(inputs: Mapping[str, Json]) -> _Asked:
    """``inputs`` hold to the manifest's schema."""

    def count(name: str, default: int) -> int:
        found = inputs.get(name, default)
        assert isinstance(found, int)
        return found

    return _Asked(
        query=str(inputs["query"]),
        at_most=_number(inputs.get("atMost")),
        at_least=_number(inputs.get("atLeast")),
        for_s=count("forS", 60),
        every_s=count("everyS", 10),
        samples_min=count("samplesMin", 1),
        bad_max=count("badMax", 0),
    )


def _number(text: Json) -> Decimal | None:
    """A decimal number; None for what is none, as NaN."""
    try:
        found = Decimal(str(text))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
