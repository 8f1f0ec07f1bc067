"""Checks of variables: the configuration has those that were sealed, and the plan follows from them."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from stella.deployment.plan import read_plan
from stella.evidence import names
from stella.evidence.reading import DoesNotHold, Reading, expect
from stella.evidence.verify_facts import read_facts
from stella.kernel import Json
from stella.release.model import variables_digest
from stella.release.variables.model import Variable
from stella.release.variables.resolve import Place, fill

_PLACE = names.CONFIGURATION


def check_variables(reading: Reading) -> str:
    """The revision's variables are those that a fact tells of, and stand in the plan where they count."""
    configuration = reading.object(_PLACE)
    variables = _variables(configuration)
    number = configuration.get("revision", 1)
    _check_sealed(reading, number, variables)
    if not variables:
        return "the release has none"
    _check_plan(reading, configuration, variables)
    return f"{len(variables)} of revision {number}, as sealed; the plan follows from them"


def _variables(configuration: Mapping[str, Any]) -> tuple[Variable, ...]:
    try:
        return msgspec.convert(configuration.get("variables", []), type=tuple[Variable, ...])
    except msgspec.ValidationError as error:
        raise DoesNotHold(f"its variables cannot be read: {error}", _PLACE) from None


def _check_sealed(reading: Reading, number: Any, variables: tuple[Variable, ...]) -> None:
    """What was sealed under that number had this digest."""
    release = reading.given.release.id
    told: dict[Any, Any] = {1: None}
    for fact in read_facts(reading):
        if fact.subject == release and fact.kind == "ReleaseSealed":
            told[1] = fact.data.get("variables")
        elif fact.subject == release and fact.kind == "ReleaseRevised":
            told[fact.data.get("revision")] = fact.data.get("variables")
    if number not in told:
        raise DoesNotHold(f"no fact tells of revision {number} of the release", names.FACTS)
    digest = variables_digest(variables).text if variables or number != 1 else None
    expect(told[number], digest, f"the variables of revision {number}", _PLACE)


def _check_plan(
    reading: Reading, configuration: Mapping[str, Any], variables: tuple[Variable, ...]
) -> None:
    """Each target and step of the plan is given what its configuration says with these variables."""
    try:
        plan = read_plan(reading.content(names.DEPLOYMENT_PLAN))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        detail = f"it cannot be read: {str(error)[:200]}"
        raise DoesNotHold(detail, names.DEPLOYMENT_PLAN) from None
    environment = configuration.get("environment")
    targets = configuration.get("targets")
    if not isinstance(environment, Mapping) or not isinstance(targets, Mapping):
        raise DoesNotHold("it has no environment or no targets", _PLACE)
    here = Place(reading.given.release.name, str(environment.get("name")))
    for one in plan.targets:
        spec = targets.get(one.target)
        if not isinstance(spec, Mapping):
            raise DoesNotHold(f"it knows no target {one.target[:80]}", _PLACE)
        place = Place(here.release, here.environment, one.target, _labels(spec))
        wanted = fill(_mapping(spec.get("config")), variables, place).config
        expect(wanted, one.config, f"the configuration of {one.target}", names.DEPLOYMENT_PLAN)
    planned = {one.name: one.inputs for one in plan.steps}
    for use in _steps(environment):
        wanted = fill(_mapping(use.get("with")), variables, here).config
        found = planned.get(str(use.get("name")))
        expect(wanted, found, f"the inputs of {use.get('name')}", names.DEPLOYMENT_PLAN)


def _steps(environment: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    steps = _mapping(environment.get("steps"))
    for phase in ("before", "after"):
        listed = steps.get(phase, [])
        if isinstance(listed, list):
            yield from (one for one in listed if isinstance(one, Mapping))


def _labels(spec: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(f"{key}={value}" for key, value in _mapping(spec.get("labels")).items())


def _mapping(value: Any) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
