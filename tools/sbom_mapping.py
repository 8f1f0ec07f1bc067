"""Write how CycloneDX 1.7 JSON and XML correspond, from the two schemas that ``sbom_schemas.py`` wrote.

The two forms follow one rule almost everywhere: a name is an attribute or an element; a list is an
element around its items, or the repeated element itself. What follows another rule stands in the tables
below. Prints what has no place on the other side: that is carried (``stella.sbom.format.carried``).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "src/stella/sbom/format/schema"
VERSION = "1.7"
Shape = dict[str, Any]
# JSON name -> name in XML; "" is the text of the element itself.
RENAMED = {
    "contentType": "content-type",
    "licenseIdentifier": "license-identifier",
    "expressionDetails": "details",
    "cryptoRefArray": "cryptoRef",
    "response": "responses",
    "dependsOn": "dependency",
}
TEXTS = ("content", "value", "text", "expression", "classification")
# Places where one list, or one value, is one of several elements: (name, test, key of the test).
# "key": the value below that key alone; "has": an object that has it; "text": a text; "any".
ALTERNATIVES: dict[str, list[tuple[str, str, str]]] = {
    "licenses": [
        ("license", "key", "license"),
        ("expression-detailed", "has", "expressionDetails licensing properties"),
        ("expression", "has", "expression"),
    ],
    "datasets": [("ref", "key", "ref"), ("dataset", "any", "")],
    "environmentVars": [("value", "text", ""), ("environmentVar", "any", "")],
    "patents": [("patentFamily", "has", "familyId"), ("patent", "any", "")],
    "asserter": [
        ("ref", "text", ""),
        ("contact", "has", "email phone"),
        ("organization", "any", ""),
    ],
    "patentAssignee": [("individual", "has", "email phone"), ("organization", "any", "")],
    "data": [
        ("dataflow", "has", "name description governance source destination"),
        ("classification", "any", ""),
    ],
}


def main() -> None:
    """Write the file and print what has no counterpart."""
    text = json.dumps(table(), separators=(",", ":"))
    (FOLDER / "cyclonedx-mapping.json").write_text(text + "\n")


def table() -> Shape:
    """What the file holds."""
    mapping = Mapping()
    return {"root": mapping.shape(mapping.json, "/bom", "bom"), "shapes": mapping.shapes}


class Mapping:
    """Walks both schemas at once. A shape: the fields of an object, in the order of the XML.

    A field: {"key", "form", "name", "of"}, with "items" for lists; form: "attribute", "text", "one",
    "each", "list", "either", "choice", "choices", "each-choice" or "inline"; of: a scalar's type or a
    shape's number. required: an empty text is a value. default: what an empty element says.
    """

    def __init__(self) -> None:
        self.json = json.loads((FOLDER / f"cyclonedx-{VERSION}.json").read_text())
        xml = json.loads((FOLDER / f"cyclonedx-{VERSION}.xml.json").read_text())
        self.types: Shape = xml["types"]
        self.simple: Shape = xml["simple"]
        self.shapes: list[list[Shape]] = []
        self.defaults: dict[tuple[str, str], str] = {}
        self._known: dict[tuple[int, str], int] = {}

    def shape(self, schema: Shape, kind: Any, path: str) -> int:
        """The number of the shape of a JSON object that is written as an XML type."""
        key = (id(schema), json.dumps(kind))
        if key in self._known:
            return self._known[key]
        number = self._known[key] = len(self.shapes)
        self.shapes.append([])
        written = self._type(kind)
        left = dict(self._properties(schema))
        fields = list(self._attributes(schema, written, left))
        listed = list(self._elements(written.get("content")))
        last = {name: at for at, (name, _, _) in enumerate(listed)}
        for at, (name, inner, is_many) in enumerate(listed):
            if last[name] != at:
                continue  # it stands in two alternatives
            place = f"{path}/{name}"
            source = self._source(name, left, path)
            if place.endswith("dataflow/classification"):
                parts = {one: left.pop(one) for one in ("flow", "classification")}
                of = self.shape({"properties": parts}, inner, f"{path}/inline")
                fields.append({"key": "", "form": "inline", "name": name, "of": of})
            elif source is None:
                print(f"{path}: <{name}> is in XML alone")
            else:
                found = left.pop(source)
                fields.append(self._field(source, name, found, inner, is_many=is_many, path=place))
        self.shapes[number] = fields
        for name in left:
            print(f"{path}: {name!r} is in JSON alone")
        return number

    def _attributes(self, schema: Shape, written: Shape, left: Shape) -> Iterator[Shape]:
        """Attributes and the text; what they take is gone from ``left``."""
        for name, (simple, _) in written.get("attributes", {}).items():
            source = self._source(name, left)
            if source is not None:
                of = self._scalar(left.pop(source), simple)
                yield {"key": source, "form": "attribute", "name": name, "of": of}
        source = next((one for one in TEXTS if one in left), None)
        if "text" in written and source is not None:
            of = self._scalar(left.pop(source), written["text"])
            is_required = source in schema.get("required", ())
            more = {"required": True} if is_required else {}
            yield {"key": source, "form": "text", "name": "", "of": of} | more

    def _field(
        self, key: str, name: str, schema: Shape, kind: Any, *, is_many: bool, path: str
    ) -> Shape:
        field: Shape = {"key": key, "name": name}
        written = self._type(kind)
        inner = list(self._elements(written.get("content")))
        names = {one for one, _, _ in inner}
        found = self._resolved(schema)
        item = self._item(found)
        if name in ALTERNATIVES and {one for one, _, _ in ALTERNATIVES[name]} <= names:
            form = "choice" if item is None else "each-choice" if is_many else "choices"
            return field | {
                "form": form,
                "of": self._alternatives(name, item or found, inner, path),
            }
        if name == "tools" and "tool" in names and "components" in names:
            options = [self._resolved(one) for one in found["oneOf"]]
            listed = next(one for one in options if "items" in one)
            rest = next(one for one in options if "properties" in one)
            of = self.shape(rest, kind, path)
            tool = next(one for one in inner if one[0] == "tool")
            return field | {
                "form": "either",
                "items": "tool",
                "of": [self._of(listed["items"], tool[1], path + "/tool"), of],
            }
        if item is None:
            default = self.defaults.get((name, json.dumps(kind)))
            more = {} if default is None else {"default": default}
            return field | {"form": "one", "of": self._of(found, kind, path)} | more
        is_around = len(inner) == 1 and (not is_many or name == f"{inner[0][0]}s")
        if not is_around:
            return field | {"form": "each", "of": self._of(item, kind, path)}
        of = self._of(item, inner[0][1], f"{path}/{inner[0][0]}")
        return field | {"form": "list", "items": inner[0][0], "of": of}

    def _alternatives(self, name: str, item: Shape, inner: Any, path: str) -> list[Any]:
        """[element, test, keys, of] for each."""
        kinds = {one: kind for one, kind, _ in inner}
        found = []
        for element, test, keys in ALTERNATIVES[name]:
            schema = dict(item)
            options = [
                self._resolved(one) for one in item.get("oneOf") or item.get("anyOf") or [item]
            ]
            if test == "key":
                schema = next(
                    one["properties"][keys] for one in options if keys in one.get("properties", {})
                )
            elif test != "text":
                wanted = keys.split()
                fitting = [
                    one for one in options if set(wanted) & set(dict(self._properties(one)))
                ]  # fmt: skip
                objects = [one for one in options if "properties" in one or "oneOf" in one]
                largest = max(objects, key=lambda one: len(dict(self._properties(one))))
                schema = fitting[0] if fitting else largest
            of = (
                self._of(schema, kinds[element], f"{path}/{element}")
                if test != "text"
                else "string"
            )
            found.append([element, test, keys.split(), of])
        return found

    def _of(self, schema: Shape, kind: Any, path: str) -> Any:
        """A shape's number, a scalar's type, or "@ref" for <x ref="..."/>."""
        found = self._resolved(schema)
        written = self._type(kind)
        is_object = bool(dict(self._properties(found)))
        if is_object and self._only_text(found, written):
            return self._scalar(schema, written["text"])
        if is_object:
            return self.shape(found, kind, path)
        if "text" not in written and "ref" in written.get("attributes", {}):
            return "@ref"
        return self._scalar(schema, written.get("text", "xs:string"))

    def _only_text(self, schema: Shape, written: Shape) -> bool:
        return schema.get("type") == "string" and "text" in written

    def _source(self, name: str, left: Shape, path: str = "") -> str | None:
        """The JSON name of what is ``name`` in XML."""
        if name == "individual" and "individual" not in left and "contact" in left:
            return "contact"
        if name == "dependency" and path.endswith("dependencies/dependency"):
            return "dependsOn" if "dependsOn" in left else None
        back = {value: key for key, value in RENAMED.items() if key != "dependsOn"}
        return next((one for one in (name, back.get(name)) if one in left), None)

    def _type(self, kind: Any) -> Shape:
        found: Shape = self.types.get(kind, {"text": kind}) if isinstance(kind, str) else kind
        return found

    def _elements(self, particle: Any, *, is_many: bool = False) -> Iterator[tuple[str, Any, bool]]:
        """Name, type and whether it may be repeated; a repeated group of several repeats none."""
        if not particle:
            return
        kind, what, of, _, most = particle[:5]
        if len(particle) > 5:
            self.defaults[what, json.dumps(of)] = particle[5]
        if kind == "element":
            yield what, of, is_many or most != 1
        elif kind in {"sequence", "choice"}:
            is_alone = sum(one[0] != "any" for one in what) == 1
            for one in what:
                yield from self._elements(one, is_many=(is_many or most != 1) and is_alone)

    def _resolved(self, schema: Shape) -> Shape:
        while "$ref" in schema and schema["$ref"].startswith("#"):
            found: Any = self.json
            for step in schema["$ref"].removeprefix("#").strip("/").split("/"):
                found = found[step]
            schema = found
        return schema

    def _item(self, schema: Shape) -> Shape | None:
        """What the items of a list are; None for what is no list."""
        if isinstance(schema.get("items"), dict):
            return self._resolved(schema["items"])
        for one in schema.get("oneOf") or schema.get("anyOf") or ():
            found = self._resolved(one)
            if isinstance(found.get("items"), dict):
                return self._resolved(found["items"])
        return None

    def _properties(self, schema: Shape) -> Iterator[tuple[str, Shape]]:
        """Its own, and those of the alternatives that it may be."""
        yield from schema.get("properties", {}).items()
        for group in ("oneOf", "anyOf", "allOf"):
            for one in schema.get(group, ()):
                yield from self._properties(self._resolved(one))

    def _scalar(self, schema: Shape, simple: Any) -> str:
        """A text around which white space means nothing is a "token"."""
        found = self._resolved(schema)
        kind = found.get("type", "string")
        if kind in {"integer", "number", "boolean"}:
            return str(kind)
        return "token" if self._is_token(simple) else "string"

    def _is_token(self, simple: Any) -> bool:
        while not isinstance(simple, str) or not simple.startswith("xs:"):
            if isinstance(simple, str):
                if simple not in self.simple:
                    return True
                simple = self.simple[simple]
            elif "union" in simple:
                return True
            else:
                simple = simple["base"]
        return simple not in {"xs:string", "xs:normalizedString", "xs:anyType"}


if __name__ == "__main__":
    main()
