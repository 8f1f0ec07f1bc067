"""Workflows as data: steps that need each other, with inputs, conditions and limits."""

from enum import StrEnum
from typing import Any

import msgspec

from stella.kernel import Digest, Json, digest_of

KIND = "Workflow"
HOUR_S = 3600
DAY_S = 24 * HOUR_S


class After(StrEnum):
    """When a step comes, given how those that it needs ended."""

    SUCCESS = "success"  # none of them went wrong
    FAILURE = "failure"  # one of them did
    ALWAYS = "always"


class OnFailure(StrEnum):
    """What follows where a step went wrong, and is not tried again."""

    FAIL = "fail"
    IGNORE = "ignore"  # the run goes on as if it had been skipped
    ASK = "ask"  # somebody says: again, skip, or fail


class Order(StrEnum):
    """Which of the runs that wait for their turn in a group is next."""

    OLDEST = "oldest"
    NEWEST = "newest"


class Part(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """A part of a document: camel case outside, unknown keys refused."""


class Retry(Part, frozen=True):
    """How often a step is tried. attempts: all of them. Each wait is ``growth`` times the one before,
    at most ``wait_max_s``, and shorter by up to a half, so that many do not come at once.

    of: the endings after which it is tried again.
    """

    attempts: int = 3
    wait_s: int = 5
    growth: int = 2
    wait_max_s: int = 300
    of: tuple[str, ...] = ("errored",)


class Ask(Part, frozen=True):
    """Who says what follows a failure. by: roles and names of users; hours: then ``otherwise`` follows."""

    by: tuple[str, ...] = ("operator",)
    hours: int = 24
    otherwise: str = "fail"


class Step(Part, frozen=True):
    """One step. uses: its type. inputs: may have expressions. needs: steps that end before it.

    condition: asked when those have ended and ``when`` holds. for_each: a list, or an expression that
    gives one; once for each of its items, ``window`` at a time, until more than ``failures_max`` of
    them went wrong. matrix: names and their values; once for each combination.
    timeout_s: None: as long as its type usually takes.
    undo: taken back where the run goes wrong, in reverse order. required: nobody may skip it.
    """

    uses: str
    inputs: dict[str, Any] = msgspec.field(default_factory=dict, name="with")
    description: str = ""
    needs: tuple[str, ...] = ()
    when: After = After.SUCCESS
    condition: str | None = msgspec.field(default=None, name="if")
    for_each: str | tuple[Any, ...] | None = None
    matrix: dict[str, tuple[Any, ...]] | None = None
    window: int = 1
    failures_max: int = 0
    timeout_s: int | None = None
    retry: Retry | None = None
    on_failure: OnFailure = OnFailure.FAIL
    ask: Ask | None = None
    required: bool = False
    undo: bool = False

    @property
    def is_many(self) -> bool:
        """Whether it is done once for each item."""
        return self.for_each is not None or self.matrix is not None


class Concurrency(Part, frozen=True):
    """Runs of one group go one after the other. group: may have expressions over inputs."""

    group: str
    order: Order = Order.OLDEST


class Workflow(Part, frozen=True):
    """One document. inputs, outputs: by name; an input is a JSON Schema, an output a template.

    parallel: how many steps run at a time. finally_: what is done at the end, however that is.
    """

    steps: dict[str, Step]
    description: str = ""
    inputs: dict[str, dict[str, Any]] = {}
    outputs: dict[str, Any] = {}
    finally_: dict[str, Step] = msgspec.field(default_factory=dict, name="finally")
    parallel: int = 10
    timeout_s: int = 7 * DAY_S
    concurrency: Concurrency | None = None

    @property
    def all_steps(self) -> dict[str, Step]:
        """By name; those of the end too."""
        return {**self.steps, **self.finally_}

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        plain: dict[str, Json] = msgspec.to_builtins(self)
        return plain

    @property
    def digest(self) -> Digest:
        """Of its specification, by which runs name it."""
        return digest_of(self.spec())

    @property
    def input_schema(self) -> dict[str, Any]:
        """What the inputs of a run hold to. One with a default may be left out."""
        required = [name for name, one in self.inputs.items() if "default" not in one]
        return {
            "type": "object",
            "properties": self.inputs,
            "required": sorted(required),
            "additionalProperties": False,
        }


def workflow_of(spec: Any) -> Workflow:
    """A specification that was checked before. Raises msgspec.ValidationError."""
    return msgspec.convert(spec, type=Workflow)
