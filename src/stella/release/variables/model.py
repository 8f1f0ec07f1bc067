"""Variables of deployments as documents: named values, each with where it counts."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from stella.hub.errors import MalformedReference
from stella.hub.reference import parse_reference
from stella.kernel import Json, Remedy
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.plugin.contract.deployed import is_brokered
from stella.release.errors import MalformedVariables
from stella.sbom.secret.places import Place
from stella.sbom.secret.rules import find_secrets

KIND = "Variables"
NAME_FORM = r"[A-Za-z_][A-Za-z0-9_.-]{0,126}"
_NAME = re.compile(NAME_FORM + r"\Z")
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}=[A-Za-z0-9][A-Za-z0-9._/-]{0,62}\Z")
# What an agent resolves on its own host; the value itself never comes here.
_ON_HOST = re.compile(
    r"(?:env://[A-Za-z_][A-Za-z0-9_]{0,127}|file:///[A-Za-z0-9._/@+=,~-]{1,500})\Z"
)
_VARIABLES_MAX = 500
_VALUE_CHARACTERS_MAX = 16_384
_NAMED_MAX = 100


class Scope(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Where a variable counts; an empty list is anywhere. Of one list, any entry will do.

    label: ``key=value`` of a target. release: by name, whatever its version. channel: of releases.
    """

    target: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    component: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()


ANYWHERE = Scope()
ORDER = Scope.__struct_fields__
"""What is more exact than what: a variable for a target beats any that is not, and so on."""


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One value, or where a secret lies, with where it counts. group: of which document."""

    name: str
    value: str | None = None
    secret: str | None = None
    when: Scope = ANYWHERE
    group: str = ""

    @property
    def text(self) -> str:
        """What stands in its place."""
        return self.value if self.value is not None else str(self.secret)

    @property
    def rank(self) -> tuple[bool, ...]:
        """More exact is greater, in the order of ``ORDER``."""
        return tuple(bool(getattr(self.when, key)) for key in ORDER)


class _Given(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    value: str | None = None
    secret: str | None = None
    when: Scope = ANYWHERE


class _Spec(msgspec.Struct, forbid_unknown_fields=True):
    variables: list[_Given]


def parse_variables(name: str, spec: Mapping[str, Any]) -> tuple[Variable, ...]:
    """The variables of one document, in their order. Raises MalformedVariables with every reason."""
    if not NAME.match(name):
        raise malformed(name[:80], [BAD_NAME])
    for key in sorted(set(spec) - {"variables"}):
        raise malformed(name, [f"unknown key spec.{key[:40]}{nearest(key, {'variables'})}"])
    try:
        read = msgspec.convert(spec, type=_Spec)
    except msgspec.ValidationError as error:
        raise malformed(name, [str(error)[:300]]) from None
    if len(read.variables) > _VARIABLES_MAX:
        raise malformed(name, [f"more than {_VARIABLES_MAX} variables"])
    found = tuple(
        Variable(one.name, one.value, one.secret, _in_order(one.when), name)
        for one in read.variables
    )
    reasons = [why for one in found for why in _faults(one)]
    reasons += _said_twice(found)
    if reasons:
        raise malformed(name, reasons)
    return found


def stored_variables(name: str, spec: Mapping[str, Any]) -> tuple[Variable, ...]:
    """Those of a document that was taken once: rules that came later do not judge it again."""
    found: list[Variable] = msgspec.convert(spec["variables"], type=list[Variable])
    return tuple(msgspec.structs.replace(one, group=name) for one in found)


def spec_of(variables: tuple[Variable, ...]) -> dict[str, Json]:
    """As they stand in a declarative document."""
    return {
        "variables": [
            {key: value for key, value in one.items() if key != "group"}
            for one in plain_variables(variables)
        ]
    }


def plain_variables(variables: tuple[Variable, ...]) -> list[dict[str, Json]]:
    """As documents that are signed hold them."""
    plain: list[dict[str, Json]] = json.loads(variables_text(variables))
    return plain


def variables_text(variables: tuple[Variable, ...]) -> str:
    """As a column holds them."""
    return msgspec.json.encode(variables).decode()


def variables_of(text: str) -> tuple[Variable, ...]:
    """What ``variables_text`` wrote."""
    return msgspec.json.decode(text, type=tuple[Variable, ...])


def malformed(name: str, reasons: list[str]) -> MalformedVariables:
    """The refusal of a document."""
    return MalformedVariables(
        f"{KIND} {name!r} cannot be applied: {'; '.join(reasons[:20])}",
        remedy=Remedy("Correct the document; nothing of it was applied."),
        name=name,
        reasons=reasons[:100],
    )


def _in_order(when: Scope) -> Scope:
    named = {key: tuple(sorted(set(getattr(when, key)))) for key in ORDER}
    return Scope(**named) if any(named.values()) else ANYWHERE


def _faults(one: Variable) -> Iterator[str]:
    name = one.name[:80]
    if not _NAME.match(one.name):
        yield f"{name!r} is no name of a variable"
    if (one.value is None) == (one.secret is None):
        yield f"{name}: it needs either a value or a secret"
    if one.value is not None:
        yield from (f"{name}: {why}" for why in _faults_of_value(one.name, one.value))
    # The text is not repeated: it may be the secret itself.
    if one.secret is not None:
        yield from (f"{name}: {why}" for why in _faults_of_secret(one.secret))
    for key in ORDER:
        listed = getattr(one.when, key)
        if len(listed) > _NAMED_MAX:
            yield f"{name}: when.{key} has more than {_NAMED_MAX} entries"
        form = LABEL if key == "label" else NAME
        for word in listed:
            if not form.match(word):
                yield f"{name}: when.{key} names {word[:80]!r}"


def _faults_of_value(name: str, value: str) -> Iterator[str]:
    if len(value) > _VALUE_CHARACTERS_MAX:
        yield f"its value has more than {_VALUE_CHARACTERS_MAX} characters"
        return
    if "\0" in value:
        yield "its value has a NUL"
    if _ON_HOST.match(value) or is_brokered(value):
        yield "a reference to a secret is given as secret, not as value"
    told = f"{name}={value}".encode(errors="replace")
    for _, rule in find_secrets(told, Place.ENVIRONMENT):
        yield f"its value looks like a secret ({rule}); give where it lies on the host instead"
        return


def _faults_of_secret(secret: str) -> Iterator[str]:
    if _ON_HOST.match(secret):
        return
    if not is_brokered(secret):
        yield (
            "a secret is env://NAME or file:///PATH, as its host knows it, secret://NAME, or lies in a"
            " secret store (vault://INTEGRATION/PATH#KEY; aws-sm, azure-kv, gcp-sm)"
        )
        return
    try:
        parse_reference(secret)
    except MalformedReference as refusal:
        yield str(refusal)


def _said_twice(variables: tuple[Variable, ...]) -> list[str]:
    """Names that stand twice with the same scope, of which neither could win."""
    seen, twice = set[tuple[str, Scope]](), list[str]()
    for one in variables:
        if (one.name, one.when) in seen:
            twice.append(f"{one.name[:80]}: it stands twice with the same scope")
        seen.add((one.name, one.when))
    return twice
