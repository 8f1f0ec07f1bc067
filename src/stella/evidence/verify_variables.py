"""Checks of variables: the configuration has those that were sealed, and the plan follows from them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from stella.deployment.plan import DeploymentPlan
from stella.evidence import names
from stella.evidence.html import items, look
from stella.evidence.reading import DoesNotHold, Reading, expect
from stella.evidence.verify_facts import read_facts
from stella.kernel import Json
from stella.release.model import variables_digest
from stella.release.variables.model import Variable
from stella.release.variables.resolve import Place, fill, label_texts

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
    if not isinstance(number, int):
        raise DoesNotHold("its revision is no number", _PLACE)
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
    plan = reading.struct(names.DEPLOYMENT_PLAN, DeploymentPlan)
    environment = configuration.get("environment")
    targets = configuration.get("targets")
    if not isinstance(environment, Mapping) or not isinstance(targets, Mapping):
        raise DoesNotHold("it has no environment or no targets", _PLACE)
    channel = reading.given.release.channel or ""
    here = Place(reading.given.release.name, str(environment.get("name")), channel=channel)
    for one in plan.targets:
        spec = targets.get(one.target)
        if not isinstance(spec, Mapping):
            raise DoesNotHold(f"it knows no target {one.target[:80]}", _PLACE)
        labels = label_texts(_mapping(spec.get("labels")))
        place = replace(here, target=one.target, labels=labels)
        wanted = fill(_mapping(spec.get("config")), variables, place).config
        expect(wanted, one.config, f"the configuration of {one.target}", names.DEPLOYMENT_PLAN)
        way = None if one.reach is msgspec.UNSET else one.reach
        expect(spec.get("reach"), way, f"the way to {one.target}", names.DEPLOYMENT_PLAN)
    planned, steps = {one.name: one.inputs for one in plan.steps}, environment.get("steps")
    for use in (one for phase in ("before", "after") for one in items(look(steps, phase))):
        wanted = fill(_mapping(look(use, "with")), variables, here).config
        name = str(look(use, "name"))
        expect(wanted, planned.get(name), f"the inputs of {name}", names.DEPLOYMENT_PLAN)


def _mapping(value: Any) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
