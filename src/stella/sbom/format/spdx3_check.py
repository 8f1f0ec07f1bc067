"""Whether an SPDX 3.0.1 JSON-LD document keeps to the model: classes, properties, what must be there."""

import re
from functools import cache
from typing import Any

from stella.sbom.format.purl_spec import purl_remarks
from stella.sbom.format.refusals import malformed
from stella.sbom.format.schemas import schema_table

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_PATTERNS = {"date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"}
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*", re.ASCII)
_SHOWN_MAX = 5
_EXTENSION = "extension_Extension"


def check_spdx3(tree: Any) -> tuple[str, ...]:
    """What a reader should know of a valid document. Raises MalformedSbom with the place."""
    nodes = graph_of(tree)
    check = _Check({key: one for one in nodes if (key := _id_of(one))})
    seen: set[str] = set()
    for number, node in enumerate(nodes):
        key = _id_of(node)
        if key in seen:
            raise malformed(f"the id {key[:80]!r} stands twice - at `$.@graph[{number}]`")
        seen |= {key} if key else set()
        check.object(node, f"$.@graph[{number}]", "")
    check.references()
    purls = purl_remarks(
        one["software_packageUrl"] for one in nodes if "software_packageUrl" in one
    )
    outside = sorted(check.outside - check.inside)
    if not outside:
        return purls
    shown = ", ".join(one[:80] for one in outside[:_SHOWN_MAX])
    unknown = f"{len(outside)} references to elements that are not in the document: {shown}"
    return (unknown, *purls)


def graph_of(tree: Any) -> list[dict[str, Any]]:
    """The objects of the document. Raises MalformedSbom where it is no SPDX 3 document."""
    context = tree.get("@context") if isinstance(tree, dict) else None
    if context != CONTEXT and not (isinstance(context, list) and CONTEXT in context):
        raise malformed(f"its context is not {CONTEXT} - at `$.@context`")
    nodes = tree.get("@graph")
    if nodes is None:
        nodes = [{key: value for key, value in tree.items() if key != "@context"}]
    if not isinstance(nodes, list) or not all(isinstance(one, dict) for one in nodes):
        raise malformed("it is no list of objects - at `$.@graph`")
    return nodes


@cache
def properties_of(name: str) -> dict[str, Any]:
    """The properties that the class has or inherits: [type, is a list, is required]."""
    found = schema_table("spdx-3.0.1")[name]
    inherited = properties_of(found["base"]) if found["base"] else {}
    return {**inherited, **found["properties"]}


def is_a(name: str, base: str) -> bool:
    """Whether the class ``name`` is ``base`` or inherits from it."""
    classes = schema_table("spdx-3.0.1")
    while name and name != base:
        name = classes[name]["base"]
    return name == base


class _Check:
    """One document's check; references are judged when everything that it defines is known."""

    def __init__(self, named: dict[str, dict[str, Any]]) -> None:
        self._classes = schema_table("spdx-3.0.1")
        self._kinds = {key: one.get("type") for key, one in named.items()}
        self._named: list[tuple[str, str, str]] = []
        self.inside: set[str] = set(named)
        self.outside: set[str] = set()

    def object(self, node: dict[str, Any], place: str, wanted: str) -> None:
        name = node.get("type")
        known = self._classes.get(name) if isinstance(name, str) else None
        if known is None:
            # Anybody may define an extension; what is in it is theirs.
            if isinstance(name, str) and wanted == _EXTENSION and _URI.fullmatch(name):
                return
            raise malformed(f"there is no class {str(name)[:60]!r} - at `{place}.type`")
        if known["abstract"]:
            raise malformed(f"{name} is abstract - at `{place}.type`")
        if wanted and not is_a(str(name), wanted):
            raise malformed(f"{name} is no {wanted} - at `{place}`")
        if known["element"] and not _URI.fullmatch(str(node.get("spdxId", ""))):
            raise malformed(f"{name} has no spdxId that is a URI - at `{place}`")
        if _id_of(node):
            self.inside.add(_id_of(node))
        self._properties(node, str(name), place)

    def _properties(self, node: dict[str, Any], name: str, place: str) -> None:
        known = properties_of(name)
        for key, value in node.items():
            if key in {"type", "@id", "spdxId"}:
                continue
            if key not in known:
                raise malformed(f"{name} has no property {key[:60]!r} - at `{place}`")
            of, is_list, _ = known[key]
            if isinstance(value, list) != is_list:
                form = "a list" if is_list else "one value"
                raise malformed(f"it is not {form} - at `{place}.{key}`")
            for number, one in enumerate(value if is_list else [value]):
                self._value(one, of, f"{place}.{key}[{number}]" if is_list else f"{place}.{key}")
        for key, (_, is_list, is_required) in known.items():
            if is_required and (key not in node or (is_list and not node[key])):
                raise malformed(f"{name} lacks {key} - at `{place}`")

    def _value(self, value: Any, of: Any, place: str) -> None:
        if isinstance(of, str) and of.startswith("#"):
            if isinstance(value, dict):
                self.object(value, place, of[1:])
            elif isinstance(value, str) and value:
                self._named.append((value, of[1:], place))
            else:
                raise malformed(f"it is neither an object nor an id - at `{place}`")
            return
        fault = _value_fault(value, of)
        if fault:
            raise malformed(f"{fault} - at `{place}`")

    def references(self) -> None:
        """Judge what ids were named with. Raises MalformedSbom."""
        for key, wanted, place in self._named:
            kind = self._kinds.get(key)
            if kind is not None and not is_a(kind, wanted):
                raise malformed(f"{key[:80]!r} is a {kind}, no {wanted} - at `{place}`")
            if kind is None and key.startswith("_:") and key not in self.inside:
                raise malformed(f"nothing has the id {key[:80]!r} - at `{place}`")
            # Individuals of the model, such as NoAssertionLicense, are nobody's to define.
            if not key.startswith(("https://spdx.org/rdf/", "expandedlicensing_")):
                self.outside.add(key)


def _value_fault(value: Any, of: Any) -> str | None:
    """Of a URI only that it is text: the public documents write NOASSERTION there."""
    if isinstance(of, list):
        return None if value in of else f"it is none of {', '.join(of[:12])}"
    if of == "boolean":
        return None if isinstance(value, bool) else "it is no boolean"
    if of in ("integer", "float"):
        return None if _is_number(value, of) else f"it is no {of}"
    if not isinstance(value, str):
        return "it is no text"
    pattern = of["pattern"] if isinstance(of, dict) else _PATTERNS.get(of, "")
    fits = not pattern or re.fullmatch(pattern, value, re.ASCII)
    return None if fits else "it has not the form that is asked for"


def _is_number(value: Any, of: str) -> bool:
    if of == "float" and isinstance(value, str):
        return re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII) is not None
    kinds = int if of == "integer" else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool)


def _id_of(node: dict[str, Any]) -> str:
    found = node.get("spdxId", node.get("@id", ""))
    return found if isinstance(found, str) else ""
