"""A step of a deployment or a workflow: done at least once, so that twice is once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from stella.kernel import Json


@dataclass(frozen=True, slots=True)
class StepCall:
    """What a step is asked.

    run, node: of the deployment (or the run of a workflow), and of the step in it. key: the same at
    each attempt of the same step of the same run; every effect outside carries it. attempt: from 1.
    inputs: hold to ``config_schema``. subject: what the run is about, by name: ``deployment``,
    ``promotion``, ``environment``, ``release``, ``version``, ``releaseDigest``, ``planDigest``,
    ``rollback`` and ``simulated`` (``true`` or ``false``), ``image.NAME`` (of a component, by digest).
    Of a run of a workflow: ``workflow``, and ``startedBy``, an id.
    """

    run: str
    node: str
    key: str
    attempt: int
    inputs: Mapping[str, Json] = field(default_factory=dict)
    subject: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepResult:
    """outputs: hold to ``output_schema``, at most 64 KiB. summary: one line for people, without
    secrets; what is longer than 300 characters is cut.
    """

    summary: str
    outputs: Mapping[str, Json] = field(default_factory=dict)


class Step(Protocol):
    """Something that a deployment or a workflow does."""

    def run(self, call: StepCall) -> StepResult:
        """Do it. Raises ``StepFailed`` for a verdict, and what a service raises for what may be tried
        again, as often as the manifest says; anything else is an error of the plugin.
        """
        ...

    def undo(self, call: StepCall) -> None:
        """Take back what ``run`` of the same call did, also where that is nothing or a part of it."""
        ...
