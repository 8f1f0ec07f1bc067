"""Write what ``stella sbom validate`` checks against, from what cyclonedx-python-lib and
spdx-python-model bring (both Apache-2.0; the second is no dependency: install it for this alone).

The JSON schemas lose their prose; the XML schemas become grammars in JSON, which need no reader of XML
Schema where Stella runs. Run it again when a version of CycloneDX is added; the files are committed.
"""

import ast
import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

TARGET = Path(__file__).parents[1] / "src/stella/sbom/format/schema"
JSON_VERSIONS = ("1.2-strict", "1.3-strict", "1.4", "1.5", "1.6", "1.7")
XML_VERSIONS = ("1.4", "1.5", "1.6", "1.7")
PROSE = frozenset({"$comment", "title", "description", "examples", "meta:enum", "deprecated"})
# In these, keys are names of the document's own fields, not of the schema's language.
NAMES = frozenset({"properties", "definitions", "patternProperties", "$defs", "dependencies"})
XS = "{http://www.w3.org/2001/XMLSchema}"
FACETS = ("minInclusive", "maxInclusive", "minLength", "maxLength")


def main() -> None:
    """Write every file."""
    TARGET.mkdir(parents=True, exist_ok=True)
    model = files("spdx_python_model.bindings.v3_0_1").joinpath("model.py").read_text()
    for name, value in (cyclonedx() | {"spdx-3.0.1": spdx_classes(ast.parse(model))}).items():
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
        (TARGET / f"{name}.json").write_text(text + "\n")


def cyclonedx() -> dict[str, Any]:
    """What follows from the schemas of CycloneDX, by the file's name."""
    source = files("cyclonedx.schema._res")
    found: dict[str, Any] = {}
    for version in JSON_VERSIONS:
        text = source.joinpath(f"bom-{version}.SNAPSHOT.schema.json").read_text()
        found[f"cyclonedx-{version.removesuffix('-strict')}"] = without_prose(json.loads(text))
    for name in ("spdx", "jsf-0.82", "cryptography-defs"):
        text = source.joinpath(f"{name}.SNAPSHOT.schema.json").read_text()
        found[name] = without_prose(json.loads(text))
    for version in XML_VERSIONS:
        text = source.joinpath(f"bom-{version}.SNAPSHOT.xsd").read_text()
        found[f"cyclonedx-{version}.xml"] = Grammar(text).written()
    found["licences.xml"] = _enumeration(source.joinpath("spdx.SNAPSHOT.xsd").read_text())
    return found


def without_prose(schema: Any, *, are_names: bool = False) -> Any:
    """``schema`` without what no validator looks at."""
    if isinstance(schema, list):
        return [without_prose(one) for one in schema]
    if not isinstance(schema, dict):
        return schema.replace(".SNAPSHOT.", ".") if isinstance(schema, str) else schema
    return {
        key: without_prose(value, are_names=key in NAMES and not are_names)
        for key, value in schema.items()
        if are_names or key not in PROSE
    }


def _enumeration(text: str) -> list[str]:
    root = ET.fromstring(text)
    return sorted({one.attrib["value"] for one in root.iter(f"{XS}enumeration")})


def spdx_classes(module: ast.Module) -> dict[str, Any]:
    """The classes of SPDX 3.0.1: base, whether abstract, whether an element, properties.

    A property: [type, is a list, is required]; type: "string", "date-time", "integer", "float",
    "boolean", "uri", the list of what is allowed, or "#" and the class of the object.
    """
    names: dict[str, str] = {}
    found: dict[str, Any] = {}
    for node in (one for one in module.body if isinstance(one, ast.ClassDef)):
        values = _assigned(node)
        if "TYPE" not in values or not node.bases:
            continue
        name = names[node.name] = node.name
        properties = values.get("PROPERTIES")
        if "NAMED_INDIVIDUALS" in values and "ID_ALIAS" not in values:
            continue  # an enumeration: its values stand at the properties that have them
        found[name] = {
            "base": names.get(ast.unparse(node.bases[0]), ""),
            "abstract": "IS_ABSTRACT" in values,
            "element": "ID_ALIAS" in values,
            "properties": dict(_spdx_property(one) for one in getattr(properties, "elts", ())),
        }
    return found


def _assigned(node: ast.ClassDef) -> dict[str, Any]:
    return {
        one.target.id: one.value
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }


def _spdx_property(call: Any) -> tuple[str, list[Any]]:
    keywords = {one.arg: one.value for one in call.keywords}
    kind = call.args[1].body
    is_list = kind.func.id == "ListProp"
    if is_list:
        kind = kind.args[0]
    name = kind.func.id
    plain = {"StringProp": "string", "DateTimeStampProp": "date-time", "AnyURIProp": "uri"}
    plain |= {"BooleanProp": "boolean", "FloatProp": "float"}
    plain |= {"NonNegativeIntegerProp": "integer", "PositiveIntegerProp": "integer"}
    of: Any = plain.get(name)
    if name == "EnumProp":
        of = sorted(one.elts[1].value for one in kind.args[0].elts)
    elif name == "ObjectProp":
        of = f"#{kind.args[0].id}"
    patterns = [one.value.value for one in kind.keywords if one.arg == "pattern"]
    if of == "string" and patterns:
        of = {"pattern": patterns[0]}
    return keywords["compact"].value, [of, is_list, "min_count" in keywords]


class Grammar:
    """An XML schema as types by name.

    A complex type: ``attributes`` name -> [simple type, is required]; ``content`` a particle or none;
    ``text`` a simple type or none; ``open`` the namespaces of foreign attributes; ``mixed`` where text
    may stand between elements. A particle: [kind, what, type, least, most], most -1 for no bound;
    a sixth part is the value of an element that is empty.
    """

    def __init__(self, text: str) -> None:
        self.root = ET.fromstring(text)
        self.types: dict[str, Any] = {}
        self.simple: dict[str, Any] = {}
        self.groups = {one.attrib["name"]: one for one in self.root.findall(f"{XS}attributeGroup")}
        for one in self.root.findall(f"{XS}simpleType"):
            self.simple[one.attrib["name"]] = self._simple(one)
        for one in self.root.findall(f"{XS}complexType"):
            self.types[one.attrib["name"]] = self._complex(one)
        for one in self.root.findall(f"{XS}element"):
            self.types[f"/{one.attrib['name']}"] = self._complex(one.find(f"{XS}complexType"))

    def written(self) -> dict[str, Any]:
        """The grammar as JSON."""
        namespace = self.root.attrib["targetNamespace"]
        return {"namespace": namespace, "types": self.types, "simple": self.simple}

    def _simple(self, node: Any) -> Any:
        union = node.find(f"{XS}union")
        if union is not None:
            members = [_name(one) for one in union.attrib.get("memberTypes", "").split()]
            return {"union": members + [self._simple(one) for one in union]}
        rule = node.find(f"{XS}restriction")
        inner = rule.find(f"{XS}simpleType")
        made: dict[str, Any] = {
            "base": _name(rule.attrib["base"]) if inner is None else self._simple(inner)
        }
        patterns = [one.attrib["value"] for one in rule.findall(f"{XS}pattern")]
        values = [one.attrib["value"] for one in rule.findall(f"{XS}enumeration")]
        made |= {"patterns": patterns} if patterns else {}
        made |= {"values": values} if values else {}
        for facet in FACETS:
            found = rule.find(f"{XS}{facet}")
            made |= {} if found is None else {facet: found.attrib["value"]}
        return made

    def _complex(self, node: Any) -> dict[str, Any]:
        made: dict[str, Any] = {}
        extension = node.find(f"{XS}simpleContent/{XS}extension")
        if extension is not None:
            made["text"] = _name(extension.attrib["base"])
        attributes = self._attributes(node if extension is None else extension)
        made |= {"attributes": attributes} if attributes else {}
        made |= {"mixed": True} if node.attrib.get("mixed") == "true" else {}
        owner = node if extension is None else extension
        strange = owner.find(f"{XS}anyAttribute")
        made |= {} if strange is None else {"open": strange.attrib.get("namespace", "##any")}
        for kind in ("sequence", "choice"):
            found = node.find(f"{XS}{kind}")
            if found is not None:
                made["content"] = self._particle(found)
        return made

    def _attributes(self, node: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for group in node.findall(f"{XS}attributeGroup"):
            found |= self._attributes(self.groups[_name(group.attrib["ref"])])
        for one in node.findall(f"{XS}attribute"):
            inline = one.find(f"{XS}simpleType")
            kind = self._simple(inline) if inline is not None else _name(one.attrib["type"])
            found[one.attrib["name"]] = [kind, one.attrib.get("use") == "required"]
        return found

    def _particle(self, node: Any) -> list[Any]:
        kind = node.tag.removeprefix(XS)
        least = int(node.attrib.get("minOccurs", "1"))
        most = node.attrib.get("maxOccurs", "1")
        bounds = [least, -1 if most == "unbounded" else int(most)]
        if kind == "any":
            return ["any", node.attrib.get("namespace", "##any"), None, *bounds]
        if kind == "element":
            default = [node.attrib["default"]] if "default" in node.attrib else []
            return ["element", node.attrib["name"], self._type_of(node), *bounds, *default]
        parts = [self._particle(one) for one in node if one.tag != f"{XS}annotation"]
        return [kind, parts, None, *bounds]

    def _type_of(self, element: Any) -> Any:
        inline = element.find(f"{XS}complexType")
        if inline is not None:
            return self._complex(inline)
        simple = element.find(f"{XS}simpleType")
        if simple is not None:
            return {"text": self._simple(simple)}
        return _name(element.attrib.get("type", "xs:anyType"))


def _name(qualified: str) -> str:
    """``bom:refType`` -> ``refType``; built-in types and the licences keep their prefix."""
    return qualified.removeprefix("bom:")


if __name__ == "__main__":
    main()
