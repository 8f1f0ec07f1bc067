"""XML text <-> elements. No document type, no entities of its own, bounded depth and count.

Comments, processing instructions and white space between elements are no content and are not kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pyexpat import ExpatError, ParserCreate
from xml.sax.saxutils import escape, quoteattr

from stella.sbom.format.refusals import malformed

ELEMENTS_MAX = 5_000_000
DEPTH_MAX = 100
_SIGN = " "  # between namespace and name: no URI holds a space
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(slots=True)
class Element:
    """One element. namespace: its URI, "" for none. attributes: a foreign one is "URI name".

    text: what stands before the first child; tail: what stands behind the element. line: from 1.
    """

    namespace: str
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Element]" = field(default_factory=list)
    text: str = ""
    tail: str = ""
    line: int = 0

    def child(self, name: str) -> "Element | None":
        """The first child of that name in the same namespace."""
        return next((one for one in self.own() if one.name == name), None)

    def own(self) -> "Iterator[Element]":
        """The children in the same namespace."""
        return (one for one in self.children if one.namespace == self.namespace)


def read_xml(content: bytes, elements_max: int = ELEMENTS_MAX) -> Element:
    """The root element. Raises MalformedSbom with the line."""
    builder = _Builder(elements_max)
    parser = ParserCreate(namespace_separator=_SIGN)
    parser.buffer_text = True
    parser.buffer_size = 65536
    builder.parser = parser
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.EntityDeclHandler = builder.doctype
    try:
        parser.Parse(content, True)
    except ExpatError as error:
        raise malformed(f"it is no well-formed XML: {error}") from None
    except (ValueError, LookupError) as error:  # an encoding that is not known here
        raise malformed(f"it is no well-formed XML: {str(error)[:200]}") from None
    assert builder.root is not None
    return builder.root


class _Builder:
    """What the parser calls."""

    def __init__(self, elements_max: int) -> None:
        self._elements_max = elements_max
        self.root: Element | None = None
        self.parser = ParserCreate()
        self._open: list[Element] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(_SIGN)
        line = self.parser.CurrentLineNumber
        element = Element(namespace, local, attributes, line=line)
        self._count += 1
        if self._count > self._elements_max or len(self._open) >= DEPTH_MAX:
            bound = f"{self._elements_max} elements, {DEPTH_MAX} deep"
            raise malformed(f"it is beyond the bounds of {bound} - at line {line}")
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        current = self._open[-1]
        if current.children:
            current.children[-1].tail += text
        else:
            current.text += text

    def doctype(self, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise malformed(f"a document type or an entity is declared - at line {line}")


def write_xml(root: Element) -> bytes:
    """The document, two spaces a level; equal elements give equal bytes.

    Foreign namespaces are declared where they are used. Raises MalformedSbom for characters that no
    XML can hold.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    _write(root, None, "", lines)
    text = "".join(lines) + "\n"
    found = FORBIDDEN.search(text)
    if found:
        raise malformed(f"the character U+{ord(found[0]):04X} cannot be written as XML")
    return text.encode()


def _write(element: Element, around: str | None, indent: str, lines: list[str]) -> None:
    """``around``: the default namespace in force."""
    lines.append(f"{indent}<{element.name}")
    if element.namespace != around:
        lines.append(f" xmlns={_quoted(element.namespace)}")
    for number, (key, value) in enumerate(sorted(element.attributes.items())):
        namespace, _, name = key.rpartition(_SIGN)
        if namespace == "http://www.w3.org/XML/1998/namespace":
            name = f"xml:{name}"
        elif namespace:
            lines.append(f" xmlns:n{number}={_quoted(namespace)}")
            name = f"n{number}:{name}"
        lines.append(f" {name}={_quoted(value)}")
    if not element.children and not element.text:
        lines.append("/>")
        return
    is_mixed = bool(element.text.strip()) or any(one.tail.strip() for one in element.children)
    lines += [">", _escaped(element.text) if is_mixed or not element.children else ""]
    for child in element.children:
        if not is_mixed:
            lines.append("\n")
        _write(child, element.namespace, "" if is_mixed else f"{indent}  ", lines)
        lines.append(_escaped(child.tail) if is_mixed else "")
    if element.children and not is_mixed:
        lines.append(f"\n{indent}")
    lines.append(f"</{element.name}>")


def _escaped(text: str) -> str:
    # A bare carriage return would be read back as a line feed.
    return escape(text, {"\r": "&#13;"})


def _quoted(text: str) -> str:
    return quoteattr(text, {"\r": "&#13;"})
