"""CycloneDX 1.7: JSON values <-> XML elements, by the table that ``tools/sbom_mapping.py`` writes.

What one form cannot say is left out here; ``xml_forms`` carries it.
"""

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from stella.sbom.format.schemas import schema_table
from stella.sbom.format.xml_text import FORBIDDEN, Element

NAMESPACE = "http://cyclonedx.org/schema/bom/1.7"
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?", re.ASCII)
Field = dict[str, Any]


def xml_of(tree: dict[str, Any]) -> Element:
    """The <bom> that says what ``tree`` says, as far as XML can."""
    root = Element(NAMESPACE, "bom")
    _Writer().fill(root, schema_table("cyclonedx-mapping")["root"], tree)
    return root


def tree_of_xml(root: Element) -> dict[str, Any]:
    """The JSON values that say what the <bom> of any version says, as far as JSON can."""
    read = _Reader().object(root, schema_table("cyclonedx-mapping")["root"])
    return {"bomFormat": "CycloneDX", "specVersion": "1.7", **read}


class _Writer:
    """Fills elements. XML allows a bom-ref once; a second one gets a mark."""

    def __init__(self) -> None:
        self._shapes: list[list[Field]] = schema_table("cyclonedx-mapping")["shapes"]
        self._references: set[str] = set()

    def fill(self, element: Element, shape: int, value: dict[str, Any]) -> None:
        for field in self._shapes[shape]:
            form, name = field["form"], field["name"]
            if form == "inline":
                inner = Element(NAMESPACE, name)
                self.fill(inner, field["of"], value)
                if inner.attributes or inner.text:
                    element.children.append(inner)
                continue
            if field["key"] not in value:
                continue
            one = value[field["key"]]
            if form == "attribute":
                self._attribute(element, name, one)
            elif form == "text":
                element.text = _text(one) or ""
            else:
                element.children += self._elements(field, one)

    def _attribute(self, element: Element, name: str, value: Any) -> None:
        text = _text(value)
        if text is None:
            return
        if name == "bom-ref":
            while text in self._references:
                text += "#again"
            self._references.add(text)
        element.attributes[name] = text

    def _elements(self, field: Field, value: Any) -> Iterator[Element]:
        """What stands in the XML for the value of one field."""
        form, name, of = field["form"], field["name"], field["of"]
        if form == "one":
            yield from self._made(name, of, value)
        elif form == "each":
            for one in _listed(value):
                yield from self._made(name, of, one)
        elif form == "each-choice":
            for one in _listed(value):
                yield Element(NAMESPACE, name, children=list(self._chosen(of, one)))
        elif form == "choice":
            yield Element(NAMESPACE, name, children=list(self._chosen(of, value)))
        elif form == "either" and not isinstance(value, list):
            yield from self._made(name, of[1], value)
        else:
            around = Element(NAMESPACE, name)
            for one in _listed(value):
                if form == "choices":
                    around.children += self._chosen(of, one)
                else:
                    kind = of[0] if form == "either" else of
                    around.children += self._made(field["items"], kind, one)
            yield around

    def _made(self, name: str, of: Any, value: Any) -> Iterator[Element]:
        element = Element(NAMESPACE, name)
        if isinstance(of, int):
            if not isinstance(value, dict):
                if isinstance(value, str):  # the older, plain form of the same
                    yield Element(NAMESPACE, name, text=_text(value) or "")
                return
            self.fill(element, of, value)
        else:
            text = _text(value)
            if text is None:
                return
            if of == "@ref":
                element.attributes["ref"] = text
            else:
                element.text = text
        yield element

    def _chosen(self, alternatives: list[Any], value: Any) -> Iterator[Element]:
        for name, test, keys, of in alternatives:
            if test == "key":
                if isinstance(value, dict) and keys[0] in value:
                    yield from self._made(name, of, value[keys[0]])
                    return
            elif _fits(test, keys, value):
                yield from self._made(name, of, value)
                return


class _Reader:
    """Reads elements."""

    def __init__(self) -> None:
        self._shapes: list[list[Field]] = schema_table("cyclonedx-mapping")["shapes"]

    def object(self, element: Element, shape: int) -> dict[str, Any]:
        by_name: dict[str, list[Element]] = {}
        for child in element.own():
            by_name.setdefault(child.name, []).append(child)
        found: dict[str, Any] = {}
        for field in self._shapes[shape]:
            form, name, key = field["form"], field["name"], field["key"]
            if form == "attribute":
                if name in element.attributes:
                    found[key] = _value(element.attributes[name], field["of"])
            elif form == "text":
                if element.text or field.get("required"):
                    found[key] = _value(element.text, field["of"])
            elif name in by_name:
                if form == "inline":
                    found.update(self.object(by_name[name][0], field["of"]))
                else:
                    self._add(found, field, by_name[name])
        return found

    def _add(self, found: dict[str, Any], field: Field, elements: list[Element]) -> None:
        form, of, first = field["form"], field["of"], elements[0]
        if form == "one":
            is_empty = not first.text and not first.children
            value: Any = (
                field["default"] if is_empty and "default" in field else self._read(first, of)
            )
        elif form == "each":
            value = [self._read(one, of) for one in elements]
        elif form == "each-choice":
            value = [read for one in elements for read in self._chosen(one, of)]
        elif form == "choice":
            value = next(self._chosen(first, of), None)
        elif form == "choices":
            value = list(self._chosen(first, of))
        elif form == "either":
            items = [one for one in first.own() if one.name == field["items"]]
            value = [self._read(one, of[0]) for one in items] or self.object(first, of[1])
        else:
            items = [one for one in first.own() if one.name == field["items"]]
            value = [self._read(one, of) for one in items]
        if value is not None:
            found[field["key"]] = value

    def _read(self, element: Element, of: Any) -> Any:
        if of == "@ref":
            return element.attributes.get("ref", "")
        if isinstance(of, int):
            is_plain = not element.children and not element.attributes and element.text.strip()
            has_text = any(one["form"] == "text" for one in self._shapes[of])
            return element.text if is_plain and not has_text else self.object(element, of)
        return _value(element.text, of)

    def _chosen(self, around: Element, alternatives: list[Any]) -> Iterator[Any]:
        by_name = {name: (test, keys, of) for name, test, keys, of in alternatives}
        for child in around.own():
            if child.name in by_name:
                test, keys, of = by_name[child.name]
                value = self._read(child, of)
                yield {keys[0]: value} if test == "key" else value


def _fits(test: str, keys: list[str], value: Any) -> bool:
    if test == "text":
        return isinstance(value, str)
    return isinstance(value, dict) and (test == "any" or any(key in value for key in keys))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str | None:
    """A scalar as XML writes it; characters that XML cannot hold are replaced."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}" if math.isfinite(value) else None
    return FORBIDDEN.sub("\ufffd", value) if isinstance(value, str) else None


def _value(text: str, of: str) -> Any:
    plain = text.strip()
    if of == "boolean" and plain in {"true", "false", "1", "0"}:
        return plain in {"true", "1"}
    if of in {"integer", "number"} and _INTEGER.fullmatch(plain):
        return int(plain)
    if of == "number" and _NUMBER.fullmatch(plain):
        return float(plain)
    return plain if of == "token" else text
