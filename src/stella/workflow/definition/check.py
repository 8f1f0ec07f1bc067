"""Whether a workflow can run: its graph, its limits, and the types of every expression in it. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stella.kernel.names import nearest
from stella.workflow.definition.graph import ancestors, circle
from stella.workflow.definition.kinds import MANUAL_INPUT, WAIT, Kinds, StepKind
from stella.workflow.definition.model import DAY_S, OnFailure, Step, Workflow
from stella.workflow.expressions import BadExpression, Scope, Template, read_template
from stella.workflow.schemas import placed_faults, schema_faults_of, value_faults
from stella.workflow.shapes import (
    ANY,
    BOOL,
    INT,
    STRING,
    Shape,
    names_of,
    shape_of,
    shape_of_value,
)

ITEMS_MAX = 1000
TIMEOUT_MAX_S = 30 * DAY_S
STEP_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_INPUT_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,39}\Z")
_RESERVED = {
    *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in"),
    *("let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"),
}
"""Words of the language of expressions."""
_ENDINGS = ("errored", "failed")
_OTHERWISE = ("fail", "skip")
_RANGES = {
    "window": range(1, 101),
    "failures_max": range(ITEMS_MAX + 1),
    "timeout_s": range(1, TIMEOUT_MAX_S + 1),
}
_RETRY_RANGES = {
    "attempts": range(1, 21),
    "wait_s": range(3601),
    "growth": range(1, 11),
    "wait_max_s": range(1, 86_401),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """place: where in the document, ``steps.deploy.with.url``; empty for all of it."""

    place: str
    words: str


def faults_of(workflow: Workflow, kinds: Kinds) -> Iterator[Fault]:
    """Everything that keeps it from running, in the order of the document."""
    yield from _faults_of_whole(workflow)
    yield from _faults_of_inputs(workflow)
    by_section = {"steps": workflow.steps, "finally": workflow.finally_}
    for section, steps in by_section.items():
        for name, step in steps.items():
            place = f"{section}.{name}"
            yield from _faults_of_name(place, name)
            yield from _faults_of_step(place, step, steps, by_section)
            yield from _faults_of_kind(place, step, kinds)
        if looped := circle(steps):
            yield Fault(
                f"{section}.{looped[0]}.needs", f"they need each other: {' -> '.join(looped)}"
            )
            return
    yield from _faults_of_expressions(workflow, kinds)


def scope_of(workflow: Workflow, kinds: Kinds, name: str | None, *, is_item: bool = True) -> Scope:
    """What the expressions of a step may use; None: those of the workflow's outputs.

    is_item: of one of its items, where it has some; else before they are known.
    """
    names = {**_base(workflow)}
    steps = workflow.all_steps
    if name is None:
        seen = set(steps)
    elif name in workflow.finally_:
        seen = {*workflow.steps, *ancestors(workflow.finally_, name)}
        names["run.state"] = STRING
    else:
        seen = ancestors(workflow.steps, name)
    for one in sorted(seen):
        names |= _names_of_step(one, steps[one], kinds.get(steps[one].uses))
    if is_item and name is not None and steps[name].is_many:
        names |= {"item": _item_shape(workflow, kinds, name), "index": INT}
    return Scope(names)


def output_schema(step: Step, kind: StepKind) -> Mapping[str, Any]:
    """What comes out of that step: of a form, what it asks for."""
    form = step.inputs.get("form") if kind.name == MANUAL_INPUT.name else None
    return form if isinstance(form, Mapping) else kind.output_schema


def _base(workflow: Workflow) -> dict[str, Shape]:
    names = {f"inputs.{name}": shape_of(schema) for name, schema in workflow.inputs.items()}
    return {
        **names,
        "run.id": STRING,
        "run.workflow": STRING,
        "run.version": INT,
        "run.by": STRING,
    }


def _names_of_step(name: str, step: Step, kind: StepKind | None) -> dict[str, Shape]:
    names = {f"steps.{name}.state": STRING, f"steps.{name}.message": STRING}
    schema = output_schema(step, kind) if kind else {}
    found = dict(names_of(f"steps.{name}.outputs", schema))
    if not found or step.is_many:
        found = {key: Shape("list", shape) for key, shape in found.items()}
    return names | (found or {f"steps.{name}.outputs": Shape("map", ANY)})


def _item_shape(workflow: Workflow, kinds: Kinds, name: str) -> Shape:
    step = workflow.all_steps[name]
    if step.matrix is not None:
        return Shape("map", ANY)
    if isinstance(step.for_each, str):
        try:
            scope = scope_of(workflow, kinds, name, is_item=False)
            shape = read_template(step.for_each, scope).shape
        except BadExpression:
            return ANY  # said where it stands
        return shape.item or ANY
    shapes = {shape_of_value(one) for one in step.for_each or ()}
    return shapes.pop() if len(shapes) == 1 else ANY


def _faults_of_whole(workflow: Workflow) -> Iterator[Fault]:
    if not workflow.steps:
        yield Fault("steps", "there is none")
    if workflow.parallel not in range(1, 101):
        yield Fault("parallel", "it is from 1 to 100")
    if workflow.timeout_s not in range(1, 366 * DAY_S):
        yield Fault("timeoutS", f"it is from 1 to {366 * DAY_S - 1}")
    for name in sorted(workflow.steps.keys() & workflow.finally_.keys()):
        yield Fault(f"finally.{name}", "a step has that name already")


def _faults_of_inputs(workflow: Workflow) -> Iterator[Fault]:
    for name, schema in workflow.inputs.items():
        place = f"inputs.{name[:60]}"
        if not _INPUT_NAME.match(name) or name in _RESERVED:
            yield Fault(
                place, "a name of an input has letters, digits and _, and begins with a letter"
            )
        faults = [*schema_faults_of(schema)]
        yield from (Fault(place, why) for why in faults)
        if not faults and "default" in schema and value_faults("", schema["default"], schema):
            yield Fault(f"{place}.default", "its own schema does not take it")


def _faults_of_name(place: str, name: str) -> Iterator[Fault]:
    if not STEP_NAME.match(name) or name in _RESERVED:
        yield Fault(
            place[:100],
            "a name of a step has lower-case letters, digits and _, begins with a letter, and is no word "
            "of expressions, like in",
        )


def _faults_of_step(
    place: str, step: Step, steps: Mapping[str, Step], by_section: Mapping[str, Mapping[str, Step]]
) -> Iterator[Fault]:
    for name in step.needs:
        if name not in steps:
            is_elsewhere = any(name in others for others in by_section.values())
            why = "is in another part" if is_elsewhere else f"is not there{nearest(name, steps)}"
            yield Fault(f"{place}.needs", f"{name[:60]!r} {why}")
    twice = [name for name, count in Counter(step.needs).items() if count > 1]
    yield from (Fault(f"{place}.needs", f"{name[:60]!r} stands there twice") for name in twice)
    yield from _out_of_range(place, step, _RANGES)
    if step.retry is not None:
        yield from _out_of_range(f"{place}.retry", step.retry, _RETRY_RANGES)
        strange = sorted(set(step.retry.of) - {*_ENDINGS})
        if strange or not step.retry.of:
            yield Fault(f"{place}.retry.of", f"endings are among {', '.join(_ENDINGS)}")
    yield from _faults_of_many(place, step)
    yield from _faults_of_asking(place, step)


def _out_of_range(place: str, value: Any, ranges: Mapping[str, range]) -> Iterator[Fault]:
    outside = type(value)
    names = dict(zip(outside.__struct_fields__, outside.__struct_encode_fields__, strict=True))
    for name, allowed in ranges.items():
        held = getattr(value, name)
        if held is not None and held not in allowed:
            yield Fault(f"{place}.{names[name]}", f"it is from {allowed[0]} to {allowed[-1]}")


def _faults_of_many(place: str, step: Step) -> Iterator[Fault]:
    if step.for_each is not None and step.matrix is not None:
        yield Fault(f"{place}.matrix", "a step has either forEach or matrix")
    if isinstance(step.for_each, tuple) and not 0 < len(step.for_each) <= ITEMS_MAX:
        yield Fault(f"{place}.forEach", f"it has from 1 to {ITEMS_MAX} items")
    if step.matrix is not None:
        size = 1
        for values in step.matrix.values():
            size *= len(values)
        if not step.matrix or not 0 < size <= ITEMS_MAX:
            yield Fault(f"{place}.matrix", f"it has from 1 to {ITEMS_MAX} combinations")


def _faults_of_asking(place: str, step: Step) -> Iterator[Fault]:
    if step.ask is None:
        return
    if step.on_failure is not OnFailure.ASK:
        yield Fault(f"{place}.ask", "it belongs to onFailure: ask")
    if step.ask.otherwise not in _OTHERWISE:
        yield Fault(f"{place}.ask.otherwise", f"it is one of {', '.join(_OTHERWISE)}")
    elif step.required and step.ask.otherwise == "skip":
        yield Fault(f"{place}.ask.otherwise", "a required step is never skipped")
    if not step.ask.by or step.ask.hours not in range(1, 721):
        yield Fault(f"{place}.ask", "by names somebody, and hours is from 1 to 720")


def _faults_of_kind(place: str, step: Step, kinds: Kinds) -> Iterator[Fault]:
    kind = kinds.get(step.uses)
    if kind is None:
        yield Fault(
            f"{place}.uses",
            f"there is no step type {step.uses[:60]!r}{nearest(step.uses, kinds)}",
        )
        return
    if step.undo and not kind.can_undo:
        yield Fault(f"{place}.undo", f"nothing takes back what {kind.name} does")
    if kind.name == WAIT.name and len({"seconds", "until"} & step.inputs.keys()) != 1:
        yield Fault(f"{place}.with", "it has either seconds or until")
    if kind.name == MANUAL_INPUT.name:
        yield from _faults_of_form(f"{place}.with.form", step.inputs.get("form"))


def _faults_of_form(place: str, form: Any) -> Iterator[Fault]:
    if not isinstance(form, Mapping):
        return  # its schema says so
    yield from (Fault(place, why) for why in schema_faults_of(form))
    if form.get("type", "object") != "object":
        yield Fault(place, "a form is of an object")
    for name, shape in names_of(place, form):
        if shape.kind == "double":
            yield Fault(name, "a run keeps no fractions: ask for an integer, or a string")


def _faults_of_expressions(workflow: Workflow, kinds: Kinds) -> Iterator[Fault]:
    for section, steps in (("steps", workflow.steps), ("finally", workflow.finally_)):
        for name, step in steps.items():
            place = f"{section}.{name}"
            later = _later(workflow, name)
            reader = Reader(scope_of(workflow, kinds, name), later)
            # Before its items are known: both are asked once.
            outer = Reader(scope_of(workflow, kinds, name, is_item=False), later)
            if isinstance(step.for_each, str):
                yield from outer.expects(f"{place}.forEach", step.for_each, Shape("list", ANY))
            if step.condition is not None:
                yield from outer.expects(f"{place}.if", step.condition, BOOL, is_expression=True)
            kind = kinds.get(step.uses)
            schema = kind.input_schema if kind else {}
            yield from reader.faults_of_inputs(f"{place}.with", step.inputs, schema)
    last = Reader(scope_of(workflow, kinds, None))
    for name, value in workflow.outputs.items():
        if not _INPUT_NAME.match(name):
            yield Fault(f"outputs.{name[:60]}", "its name has letters, digits and _")
        yield from last.faults_within(f"outputs.{name[:60]}", value)
    if workflow.concurrency is not None:
        first = Reader(Scope(_base(workflow)))
        yield from first.expects("concurrency.group", workflow.concurrency.group, STRING)


def _later(workflow: Workflow, name: str) -> frozenset[str]:
    """The steps that do not end before this one, so that nothing of them can be asked for in it."""
    is_last = name in workflow.finally_
    before = ancestors(workflow.finally_ if is_last else workflow.steps, name)
    return frozenset(workflow.all_steps) - before - (workflow.steps.keys() if is_last else set())


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the templates of one place. later: steps of which nothing is known there."""

    scope: Scope
    later: frozenset[str] = frozenset()

    def expects(
        self, place: str, text: str, wanted: Shape, *, is_expression: bool = False
    ) -> Iterator[Fault]:
        """What keeps a template, or an expression, from giving a value of that shape."""
        try:
            shape = self.scope.compile(text).shape if is_expression else self._read(text).shape
        except BadExpression as error:
            yield Fault(place, self._words(error))
            return
        if not wanted.takes(shape):
            yield Fault(place, f"it gives {shape}, and {wanted} is asked for")

    def faults_within(self, place: str, value: Any) -> Iterator[Fault]:
        """Of every template in a value of no particular form."""
        for path, text in templates_in(value):
            yield from self.expects(_join(place, path), text, ANY)

    def faults_of_inputs(
        self, place: str, inputs: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> Iterator[Fault]:
        """Of inputs that are to hold to ``schema``; an empty one takes everything."""
        found = dict(templates_in(inputs))
        for path, text in found.items():
            yield from self.expects(_join(place, path), text, _shape_at(schema, path))
        if not schema:
            return
        for where, words in placed_faults(dict(inputs), schema):
            if not any(where[: len(path)] == path for path in found):
                yield Fault(_join(place, where), words)

    def _read(self, text: str) -> Template:
        return read_template(text, self.scope)

    def _words(self, error: BadExpression) -> str:
        parts = error.missing.split(".")
        if parts[0] == "steps" and len(parts) > 1 and parts[1] in self.later:
            return f"column {error.column}: {parts[1]} does not end before it; name it in needs"
        return f"column {error.column}: {error}"


def templates_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Where texts with expressions stand in a value: path and text."""
    if isinstance(value, str):
        if "${{" in value:
            yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from templates_in(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from templates_in(inner, (*path, index))


def _shape_at(schema: Any, path: tuple[Any, ...]) -> Shape:
    for part in path:
        if not isinstance(schema, Mapping):
            return ANY
        properties = schema.get("properties")
        if isinstance(part, int):
            schema = schema.get("items")
        elif isinstance(properties, Mapping) and part in properties:
            schema = properties[part]
        else:
            schema = schema.get("additionalProperties")
    return shape_of(schema)


def _join(place: str, path: tuple[Any, ...]) -> str:
    return ".".join((place, *map(str, path)))
