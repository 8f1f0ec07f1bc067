"""A build server in memory, for tests: it passes the kit that the connectors of real ones pass."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from stella.kernel import Remedy
from stella.plugin.contract.ci import Build, BuildState
from stella.plugin.refusals import NotThere, ServiceRefused, ServiceUnreachable

SIMULATED_COMMIT = "5d0c1a9e" * 5
_FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
_ENDED = frozenset(
    {BuildState.SUCCEEDED, BuildState.FAILED, BuildState.ERRORED, BuildState.CANCELLED}
)


@dataclass(slots=True)
class SimulatedCi:
    """``stella.sdk.Ci`` in memory: a build goes on by a step each time that it is looked at.

    pipelines: what can be run. is_out: it cannot be reached. is_shut: it takes no login. signed: build
    -> what it left. The parameter ``outcome`` says how a build ends: ``bad`` fails, ``long`` goes on.
    """

    pipelines: set[str] = field(default_factory=lambda: {"shop/web"})
    is_out: bool = False
    is_shut: bool = False
    signed: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    begun: dict[str, Build] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)

    def trigger(
        self, pipeline: str, reference: str, parameters: Mapping[str, str], key: str
    ) -> Build:
        """``stella.sdk.Ci``."""
        self._known(pipeline)
        if not reference:
            raise _missing("reference without a name")
        if (pipeline, key) in self.keys:
            return self.begun[self.keys[pipeline, key]]
        name = str(len(self.begun) + 1)
        self.keys[pipeline, key] = name
        self.outcomes[name] = parameters.get("outcome", "good")
        url = f"https://ci.example/{pipeline}/{name}"
        self.begun[name] = Build(name, pipeline, BuildState.QUEUED, "", url)
        return self.begun[name]

    def build(self, pipeline: str, build_id: str) -> Build:
        """``stella.sdk.Ci``."""
        found = self._build(pipeline, build_id)
        at = _FIRST + timedelta(minutes=int(found.id))
        if found.state is BuildState.QUEUED:
            found = replace(found, state=BuildState.RUNNING, commit=SIMULATED_COMMIT, started_at=at)
        elif found.state is BuildState.RUNNING and self.outcomes[found.id] != "long":
            is_bad = self.outcomes[found.id] == "bad"
            state = BuildState.FAILED if is_bad else BuildState.SUCCEEDED
            found = replace(found, state=state, ended_at=at + timedelta(seconds=30))
        self.begun[found.id] = found
        return found

    def builds(self, pipeline: str, limit: int) -> tuple[Build, ...]:
        """``stella.sdk.Ci``."""
        self._known(pipeline)
        found = [one for one in self.begun.values() if one.pipeline == pipeline]
        return tuple(found[::-1][:limit])

    def cancel(self, pipeline: str, build_id: str) -> None:
        """``stella.sdk.Ci``."""
        found = self._build(pipeline, build_id)
        if found.state not in _ENDED:
            at = _FIRST + timedelta(minutes=int(found.id), seconds=30)
            self.begun[found.id] = replace(found, state=BuildState.CANCELLED, ended_at=at)

    def provenance(self, pipeline: str, build_id: str) -> tuple[bytes, ...]:
        """``stella.sdk.Ci``."""
        return self.signed.get(self._build(pipeline, build_id).id, ())

    def check(self) -> str:
        """That it is simulated."""
        self._let_in()
        return "simulated builds"

    def _build(self, pipeline: str, build_id: str) -> Build:
        self._known(pipeline)
        found = self.begun.get(build_id)
        if found is None or found.pipeline != pipeline:
            raise _missing(f"build {build_id[:80]!r}")
        return found

    def _known(self, pipeline: str) -> None:
        self._let_in()
        if pipeline not in self.pipelines:
            raise _missing(f"pipeline {pipeline[:80]!r}")

    def _let_in(self) -> None:
        if self.is_out:
            raise ServiceUnreachable(
                "the simulated server cannot be reached", remedy=Remedy("Set `is_out` to False.")
            )
        if self.is_shut:
            raise ServiceRefused(
                "the simulated server does not take the login",
                remedy=Remedy("Set `is_shut` to False."),
            )


def _missing(what: str) -> NotThere:
    return NotThere(f"the simulated server has no {what}", remedy=Remedy("Put it there."))
