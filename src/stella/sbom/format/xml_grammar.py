"""CycloneDX XML against the grammar of its version (``tools/sbom_schemas.py`` writes them).

XML Schema demands that the next element alone says which particle it belongs to, so the matching never
goes back: its time grows with the document.
"""

from collections.abc import Sequence
from typing import Any

from stella.sbom.errors import MalformedSbom
from stella.sbom.format.refusals import malformed
from stella.sbom.format.xml_text import Element
from stella.sbom.format.xml_types import simple_fault

Particle = Sequence[Any]
"""[kind, what, type, least, most]; kind: element, any, sequence, choice; most: -1 without bound.

A sixth part is what an element says that is empty.
"""

_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def check_grammar(root: Element, grammar: dict[str, Any]) -> None:
    """Raises MalformedSbom with path and line at the first fault."""
    if root.namespace != grammar["namespace"] or root.name != "bom":
        raise malformed(f"the root is <{root.name[:40]}>, not <bom> - at `/` line {root.line}")
    _Check(grammar).element(root, grammar["types"]["/bom"], "/bom")


class _Check:
    """One document's check: bom-refs are unique in the whole of it."""

    def __init__(self, grammar: dict[str, Any]) -> None:
        self._namespace = grammar["namespace"]
        self._types = grammar["types"]
        self._simple = grammar["simple"]
        self._references: set[str] = set()

    def element(self, element: Element, kind: Any, path: str) -> None:
        if isinstance(kind, str):
            kind = self._types.get(kind, {"text": kind})
        if kind.get("text") == "xs:anyType":
            return
        self._attributes(element, kind, path)
        if "text" in kind:
            if element.children:
                raise _fault("holds elements where only text may be", element, path)
            self._value(element.text, kind["text"], element, path)
            return
        is_mixed = kind.get("mixed", False)
        if not is_mixed and (
            element.text.strip() or any(one.tail.strip() for one in element.children)
        ):
            raise _fault("holds text where only elements may be", element, path)
        particle = kind.get("content", ("sequence", (), None, 1, 1))
        reached = self._match(particle, element, 0, path)
        if reached < len(element.children):
            found = element.children[reached]
            raise _fault(f"does not allow <{found.name[:60]}> here", found, path)

    def _attributes(self, element: Element, kind: dict[str, Any], path: str) -> None:
        known = kind.get("attributes", {})
        for name, value in element.attributes.items():
            if name in known:
                self._value(value, known[name][0], element, f"{path}/@{name}")
            elif not self._is_allowed(name, kind.get("open", "")):
                raise _fault(f"has the unknown attribute {name[:60]!r}", element, path)
        for name, (_, is_required) in known.items():
            if is_required and name not in element.attributes:
                raise _fault(f"lacks the attribute {name!r}", element, path)
        reference = element.attributes.get("bom-ref")
        if reference is not None:
            if reference in self._references:
                raise _fault(f"repeats the bom-ref {reference[:80]!r}", element, path)
            self._references.add(reference)

    def _is_allowed(self, name: str, namespaces: str) -> bool:
        """Whether an attribute that the type does not name may stand there."""
        namespace = name.rpartition(" ")[0]
        if namespaces == "##any" or namespace == _INSTANCE:
            return True
        return namespaces == "##other" and namespace not in {"", self._namespace}

    def _value(self, text: str, kind: Any, element: Element, path: str) -> None:
        fault = simple_fault(text, kind, self._simple)
        if fault:
            raise _fault(fault, element, path)

    def _match(self, particle: Particle, parent: Element, start: int, path: str) -> int:
        """The index behind the children that ``particle`` takes from ``start`` on."""
        kind, what, of, least, most = particle[:5]
        children = parent.children
        reached, count = start, 0
        while count != most:
            following = children[reached] if reached < len(children) else None
            if not self._starts(particle, following):
                break
            assert following is not None
            if kind == "element":
                is_default = len(particle) > 5 and not following.text and not following.children
                if not is_default:
                    self.element(following, of, f"{path}/{what}[{count + 1}]")
                reached += 1
            elif kind == "any":
                reached += 1
            elif kind == "choice":
                chosen = next(one for one in what if self._starts(one, following))
                reached = self._match(chosen, parent, reached, path)
            else:
                for one in what:
                    reached = self._match(one, parent, reached, path)
            count += 1
        if count < least and not _may_be_absent(particle):
            raise _fault(f"lacks <{_wanted(particle)}>", parent, path)
        return reached

    def _starts(self, particle: Particle, element: Element | None) -> bool:
        """Whether ``element`` can be the first that ``particle`` takes."""
        kind, what = particle[0], particle[1]
        if element is None:
            return False
        if kind == "element":
            return element.namespace == self._namespace and element.name == str(what)
        if kind == "any":
            return what == "##any" or element.namespace not in {self._namespace, ""}
        for one in what:
            if self._starts(one, element):
                return True
            if kind == "sequence" and not _may_be_absent(one):
                return False
        return False


def _may_be_absent(particle: Particle) -> bool:
    kind, what, _, least, _ = particle[:5]
    if least == 0:
        return True
    if kind == "sequence":
        return all(_may_be_absent(one) for one in what)
    return kind == "choice" and (not what or any(_may_be_absent(one) for one in what))


def _wanted(particle: Particle) -> str:
    """The name of what is missing."""
    if particle[0] == "element":
        return str(particle[1])
    if particle[0] == "choice":
        return "> or <".join(_wanted(one) for one in particle[1])
    missing = next((one for one in particle[1] if not _may_be_absent(one)), None)
    return _wanted(missing) if missing else "any"


def _fault(what: str, element: Element, path: str) -> MalformedSbom:
    return malformed(f"{what} - at `{path}` line {element.line}")
