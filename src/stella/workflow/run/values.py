"""What the expressions of a run see, and what a step is given. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

from stella.kernel import Json, Remedy
from stella.workflow.definition.check import ITEMS_MAX
from stella.workflow.definition.model import Step, Workflow
from stella.workflow.errors import ExpressionFailed, ImpossibleInputs
from stella.workflow.expressions import BadExpression, Expression, Scope, Template, read_template
from stella.workflow.run.model import SINGLE, Node, Run
from stella.workflow.schemas import value_faults
from stella.workflow.shapes import ANY, INT, Shape

_MAP = Shape("map", ANY)
# Types were checked when the workflow was applied; at run time only what is there is asked.
_SCOPE = Scope(
    {"inputs": _MAP, "steps": _MAP, "run": _MAP, "item": ANY, "index": INT, "event": _MAP}
)


def filled_inputs(workflow: Workflow, given: Mapping[str, Json]) -> dict[str, Json]:
    """The inputs of a run, with defaults for those left out. Raises ImpossibleInputs with every reason."""
    filled = {
        name: given.get(name, schema.get("default"))
        for name, schema in workflow.inputs.items()
        if name in given or "default" in schema
    }
    strangers = {name: value for name, value in given.items() if name not in workflow.inputs}
    reasons = value_faults("inputs", {**filled, **strangers}, workflow.input_schema)
    if reasons:
        raise ImpossibleInputs(
            f"the workflow cannot run with that: {'; '.join(reasons[:5])}",
            remedy=Remedy("See what it asks for.", "stella workflow get WORKFLOW"),
            reasons=reasons[:20],
        )
    return filled


def data_of(run: Run, nodes: Sequence[Node], node: Node | None = None) -> dict[str, Json]:
    """By name. node: whose expressions are asked, with its item."""
    steps = {
        one.step: {"state": one.state.value, "message": one.message, "outputs": one.outputs}
        for one in nodes
        if one.item == SINGLE and one.is_over and one.purpose == "run"
    }
    data: dict[str, Json] = {
        "inputs": run.inputs,
        "steps": steps,
        "run": {
            "id": run.id,
            "workflow": run.workflow,
            "version": run.version,
            "by": run.by,
            "state": run.verdict or run.state.value,
        },
    }
    if node is not None and node.item != SINGLE:
        data |= {"item": node.item_value, "index": node.item}
    return data


def rendered(value: Any, data: Mapping[str, Json]) -> Any:
    """A value with every template in it replaced. Raises ExpressionFailed."""
    if isinstance(value, str):
        return _template(value).value(data) if "${{" in value else value
    if isinstance(value, Mapping):
        return {key: rendered(inner, data) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rendered(inner, data) for inner in value]
    return value


def holds(condition: str, data: Mapping[str, Json]) -> bool:
    """Raises ExpressionFailed, also where it is neither true nor false."""
    found = _condition(condition).value(data)
    if not isinstance(found, bool):
        raise _strange(condition, "neither true nor false")
    return found


def items_of(step: Step, data: Mapping[str, Json]) -> list[Json]:
    """What a step is done for, once for each. Raises ExpressionFailed."""
    if step.matrix is not None:
        return [*_combinations(step.matrix)]
    found = rendered(step.for_each, data)
    if not isinstance(found, list) or len(found) > ITEMS_MAX:
        raise _strange(str(step.for_each), f"no list of at most {ITEMS_MAX} items")
    return found


def _combinations(matrix: Mapping[str, Sequence[Json]]) -> Iterator[Json]:
    for values in product(*matrix.values()):
        yield dict(zip(matrix, values, strict=True))


def _strange(text: str, what: str) -> ExpressionFailed:
    return ExpressionFailed(
        f"{text[:200]} gives {what}",
        remedy=Remedy("Look at the values that it is made of."),
        expression=text[:200],
    )


@lru_cache(maxsize=4096)
def _template(text: str) -> Template:
    try:
        return read_template(text, _SCOPE)
    except BadExpression as error:
        raise _strange(text, f"nothing: {error}") from None


@lru_cache(maxsize=4096)
def _condition(text: str) -> Expression:
    try:
        return _SCOPE.compile(text)
    except BadExpression as error:
        raise _strange(text, f"nothing: {error}") from None
