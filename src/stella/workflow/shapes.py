"""What kind of value stands where: JSON Schema as far as expressions know it.

An object with known properties is a record: its properties are names of their own, so that a word
that is misspelt is found before anything runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stella.kernel import Json

_PLAIN = {
    "string": "string",
    "integer": "int",
    "number": "double",
    "boolean": "bool",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """kind: string, int, double, bool, null, list, map, or any. item: of a list or a map."""

    kind: str
    item: "Shape | None" = None

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.kind} of {self.item}" if self.item and self.item.kind != "any" else self.kind

    @property
    def empty(self) -> Json:
        """A value of this shape that says nothing."""
        plain: dict[str, Json] = {"string": "", "int": 0, "bool": False, "list": [], "map": {}}
        return plain.get(self.kind)

    def takes(self, other: "Shape") -> bool:
        """Whether a value of ``other`` may stand where this is asked for. Any: seen when it runs."""
        if "any" in (self.kind, other.kind):
            return True
        if self.kind == "double" and other.kind == "int":
            return True
        if self.kind != other.kind:
            return False
        return self.item is None or other.item is None or self.item.takes(other.item)


ANY = Shape("any")
STRING, INT, BOOL = Shape("string"), Shape("int"), Shape("bool")


def shape_of(schema: Any) -> Shape:
    """Of a JSON Schema; what is not said, or said in more ways than one, is any."""
    if not isinstance(schema, Mapping):
        return ANY
    kind = schema.get("type")
    if not isinstance(kind, str):
        return ANY
    if kind in _PLAIN:
        return Shape(_PLAIN[kind])
    if kind == "array":
        return Shape("list", shape_of(schema.get("items")))
    if kind == "object":
        inner = schema.get("additionalProperties")
        return Shape("map", shape_of(inner) if isinstance(inner, Mapping) else ANY)
    return ANY


def shape_of_value(value: Json) -> Shape:
    """Of a literal in a document."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT
    if isinstance(value, str):
        return STRING
    if isinstance(value, Mapping):
        return Shape("map", ANY)
    if isinstance(value, list | tuple):
        return Shape("list", ANY)
    return Shape("null") if value is None else Shape("double")


def names_of(prefix: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Shape]]:
    """``prefix.property`` -> its shape, for each property of an object's schema."""
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        for name, inner in properties.items():
            yield f"{prefix}.{name}", shape_of(inner)
