"""Properties of a bill of materials' subject -> traits."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from stella.sbom.traits import Base, EntryPoint, Privileged, Provenance, RunUser, Secret, Traits
from stella.sbom.traits_properties import PREFIX

_ITEMS_MAX = 100_000
T = TypeVar("T")


def traits_in(properties: Iterable[tuple[str, str]]) -> Traits | None:
    """What ``trait_properties`` wrote; None where it wrote nothing, or not this.

    A value that cannot be read makes all of it unknown: half of a list would read as the whole.
    """
    values: dict[str, list[str]] = {}
    for name, value in properties:
        if name.startswith(PREFIX):
            values.setdefault(name[len(PREFIX) :], []).append(value)
    if not values.get("user") or sum(map(len, values.values())) > _ITEMS_MAX:
        return None
    try:
        return Traits(
            user=_read(values, "user", RunUser)[0],
            privileged=_read(values, "privileged", Privileged),
            secrets=_read(values, "secret", Secret),
            entry=next(iter(_read(values, "entry", EntryPoint)), None),
            base=next(iter(_read(values, "base", Base)), None),
            provenance=_read(values, "provenance", Provenance),
            provenance_unknown="".join(values.get("provenance-unknown", [])[:1]),
            distro="".join(values.get("distro", [])[:1]),
            layers=tuple(values.get("layer", ())),
        )
    except (msgspec.DecodeError, RecursionError):
        return None


def traits_of_sbom(content: bytes) -> Traits | None:
    """The traits that a CycloneDX document states of its subject; its components are passed over."""
    try:
        bom = msgspec.json.decode(content, type=_Bom)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return traits_in((one.name, one.value) for one in bom.metadata.component.properties)


class _Property(msgspec.Struct, frozen=True):
    name: str = ""
    value: str = ""


class _Subject(msgspec.Struct, frozen=True):
    properties: tuple[_Property, ...] = ()


class _Metadata(msgspec.Struct, frozen=True):
    component: _Subject = _Subject()


class _Bom(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()


def _read(values: dict[str, list[str]], name: str, kind: type[T]) -> tuple[T, ...]:
    return tuple(msgspec.json.decode(value, type=kind) for value in values.get(name, ()))
