"""A step of a workflow: done at least once, so that twice is once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from stella.kernel import Json


@dataclass(frozen=True, slots=True)
class StepCall:
    """What a step is asked.

    key: the same at each attempt of the same step of the same run; every effect outside carries it.
    attempt: from 1. inputs: what ``config_schema`` allows. subject: what the run is about: release,
    version, environment, and the digests, by name.
    """

    run: str
    node: str
    key: str
    attempt: int
    inputs: Mapping[str, Json] = field(default_factory=dict)
    subject: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepResult:
    """outputs: what ``output_schema`` says; later steps read them. summary: one line for people."""

    summary: str
    outputs: Mapping[str, Json] = field(default_factory=dict)


class Step(Protocol):
    """Something that a workflow does."""

    def run(self, call: StepCall) -> StepResult:
        """Do it. Raises ``StepFailed`` for a verdict, and what a service raises for what may be tried
        again; anything else is an error of the plugin.
        """
        ...

    def undo(self, call: StepCall) -> None:
        """Take back what ``run`` of the same call did, also where that is nothing or a part of it."""
        ...
