"""Declarative document -> a workflow that can run. What is wrong is said all at once, with its place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import msgspec

from stella.kernel import Json, NotCanonical, Remedy, digest_of
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.workflow.definition.check import Fault, faults_of
from stella.workflow.definition.kinds import Kinds
from stella.workflow.definition.model import Ask, Concurrency, Retry, Step, Workflow
from stella.workflow.errors import MalformedWorkflow

STEPS_MAX = 500
_FAULTS_MAX = 50
_SECTIONS = ("steps", "finally")
_KEYS = tuple(
    name
    for form in (Workflow, Step, Retry, Ask, Concurrency)
    for name in form.__struct_encode_fields__
)


@dataclass(frozen=True, slots=True)
class Checked:
    """workflow: None where the document has no such form. faults: none where it can run."""

    workflow: Workflow | None
    faults: tuple[Fault, ...]


def read_workflow(name: str, spec: Mapping[str, Json], kinds: Kinds) -> Workflow:
    """Raises MalformedWorkflow with every fault and its place."""
    if not NAME.match(name):
        raise malformed(name, (Fault("name", BAD_NAME),))
    checked = check_workflow(spec, kinds)
    if checked.faults or checked.workflow is None:
        raise malformed(name, checked.faults)
    return checked.workflow


def check_workflow(spec: Mapping[str, Json], kinds: Kinds) -> Checked:
    """What it is, and everything that is wrong with it."""
    try:
        digest_of(spec)
    except NotCanonical as error:
        return Checked(None, (Fault("", str(error)),))
    misshapen = tuple(islice(_faults_of_form(spec), _FAULTS_MAX))
    if misshapen:
        return Checked(None, misshapen)
    read = msgspec.convert(spec, type=Workflow)
    if len(read.steps) + len(read.finally_) > STEPS_MAX:
        return Checked(read, (Fault("steps", f"at most {STEPS_MAX} of them"),))
    return Checked(read, tuple(islice(faults_of(read, kinds), _FAULTS_MAX)))


def malformed(name: str, faults: tuple[Fault, ...]) -> MalformedWorkflow:
    """The refusal of a workflow with these faults."""
    words = "; ".join(f"{one.place}: {one.words}" if one.place else one.words for one in faults[:5])
    return MalformedWorkflow(
        f"the workflow {name[:80]!r} cannot run: {words}",
        remedy=Remedy("Correct what is named.", "stella workflow check FILE"),
        workflow=name[:80],
        faults=[asdict(one) for one in faults],
    )


def _faults_of_form(spec: Mapping[str, Any]) -> Iterator[Fault]:
    """Each step by itself, so that the place of what is wrong in it has its name."""
    rest = dict(spec)
    for section in _SECTIONS:
        steps = rest.get(section)
        if isinstance(steps, Mapping):
            rest[section] = {}
            for name, step in steps.items():
                yield from faults_against(Step, step, f"{section}.{name}", _KEYS)
    yield from faults_against(Workflow, rest, "", _KEYS)


def faults_against(
    form: type[msgspec.Struct], value: Any, place: str, keys: Sequence[str]
) -> Iterator[Fault]:
    """What keeps a value from having that form. keys: all there are, to name the nearest."""
    try:
        msgspec.convert(value, type=form)
    except msgspec.ValidationError as error:
        words, _, inner = str(error).partition(" - at ")
        if words.startswith("Object contains unknown field"):
            unknown = words.split("`")[1]
            words = f"unknown key {unknown[:40]!r}{nearest(unknown, keys)}"
        path = inner.strip("` ").removeprefix("$").replace("[...]", "").lstrip(".")
        yield Fault(".".join(part for part in (place, path) if part), words[:300])
