"""Who builds: begin a build, see how it stands, fetch what it signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class BuildState(StrEnum):
    """How a build stands. Errored: it could not run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Build:
    """One run of a pipeline. id: as its server names it. commit: empty while that is not known."""

    id: str
    pipeline: str
    state: BuildState
    commit: str = ""
    url: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Ci(Protocol):
    """One build server; ``pipeline`` is what it calls what can be run.

    All calls raise ``ServiceUnreachable``, ``ServiceRefused``, ``NotThere``; all but ``check`` also
    ``NotSupported``.
    """

    def trigger(
        self, pipeline: str, reference: str, parameters: Mapping[str, str], key: str
    ) -> Build:
        """Begin a build of ``reference``. key: asked again with it, the same build is meant."""
        ...

    def build(self, pipeline: str, build_id: str) -> Build:
        """How it stands now."""
        ...

    def builds(self, pipeline: str, limit: int) -> tuple[Build, ...]:
        """The newest ones first."""
        ...

    def cancel(self, pipeline: str, build_id: str) -> None:
        """End it; one that has ended already is no refusal."""
        ...

    def provenance(self, pipeline: str, build_id: str) -> tuple[bytes, ...]:
        """The attestations that it left, as they were signed (DSSE or a Sigstore bundle, JSON);
        unverified. Each has at most 1 MiB.
        """
        ...

    def check(self) -> str:
        """Who we are there, in a few words."""
        ...
