"""Whether a CycloneDX document keeps to its format: the schema, then what no schema can say."""

from collections.abc import Iterator, Mapping
from typing import Any

from stella.sbom.format.json_text import levels
from stella.sbom.format.purl_spec import purl_remarks
from stella.sbom.format.refusals import malformed
from stella.sbom.format.schemas import fault_text, json_validator, schema_table
from stella.sbom.format.xml_grammar import check_grammar
from stella.sbom.format.xml_text import Element

_SHOWN_MAX = 5


def check_json(tree: Any, version: str) -> tuple[str, ...]:
    """What a reader should know of a valid document. Raises MalformedSbom with the place."""
    fault = next(iter(json_validator(version).iter_errors(tree)), None)
    if fault is not None:
        raise malformed(fault_text(fault))
    references, remarks = _json_references(tree)
    named = (
        reference
        for one in tree.get("dependencies", ())
        for key in ("ref", "dependsOn", "provides")
        for reference in _several(one.get(key, ()))
    )
    purls = (
        one["purl"]
        for level in levels(tree)
        for one in level
        if isinstance(one, dict) and isinstance(one.get("purl"), str)
    )
    return remarks + _unknown(references, named) + purl_remarks(purls)


def check_xml(root: Element, version: str) -> tuple[str, ...]:
    """As ``check_json``; also what the schema's authors could only write as a comment."""
    check_grammar(root, schema_table(f"cyclonedx-{version}.xml"))
    references, named, purls = set(), [], []
    for element, path in _elements(root, "/bom"):
        _check_range(element, path)
        if "bom-ref" in element.attributes:
            references.add(element.attributes["bom-ref"])
        if element.name in {"dependency", "provides"} and "ref" in element.attributes:
            named.append(element.attributes["ref"])
        if element.name == "purl":
            purls.append(element.text.strip())
    return _unknown(references, iter(named)) + purl_remarks(purls)


def _json_references(tree: Any) -> tuple[set[str], tuple[str, ...]]:
    """Every bom-ref of the document, and a remark on what stands twice in its formulation.

    The XML schema refuses any repeated one, the JSON schema none, and public valid cases repeat some
    in their formulation. Of components and services it is refused: nothing could refer to them.
    """
    rest = {key: value for key, value in tree.items() if key != "formulation"}
    found: set[str] = set()
    for reference in _bom_refs(rest):
        if reference in found:
            raise malformed(f"the bom-ref {reference[:80]!r} stands twice")
        found.add(reference)
    repeated = set()
    for reference in _bom_refs(tree.get("formulation", [])):
        repeated |= {reference} & found
        found.add(reference)
    if not repeated:
        return found, ()
    shown = ", ".join(one[:80] for one in sorted(repeated)[:_SHOWN_MAX])
    return found, (f"{len(repeated)} bom-refs stand more than once: {shown}",)


def _bom_refs(tree: Any) -> Iterator[str]:
    for level in levels(tree):
        for one in level:
            reference = one.get("bom-ref") if isinstance(one, dict) else None
            if isinstance(reference, str):
                yield reference


def _unknown(references: set[str], named: Iterator[str]) -> tuple[str, ...]:
    """CycloneDX allows references into other documents (BOM-Link); the others lead nowhere."""
    missing = sorted({one for one in named if one not in references and ":cdx:" not in one})
    if not missing:
        return ()
    shown = ", ".join(one[:80] for one in missing[:_SHOWN_MAX])
    return (f"{len(missing)} references to components that are not in the document: {shown}",)


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _elements(element: Element, path: str) -> Iterator[tuple[Element, str]]:
    """Every element of the same namespace, with its path."""
    yield element, path
    counts: dict[str, int] = {}
    for child in element.own():
        counts[child.name] = counts.get(child.name, 0) + 1
        yield from _elements(child, f"{path}/{child.name}[{counts[child.name]}]")


def _check_range(element: Element, path: str) -> None:
    """A range instead of a version is for what comes from outside."""
    attributes: Mapping[str, str] = element.attributes
    is_external = attributes.get("isExternal", "false").strip() in {"true", "1"}
    if element.name == "component" and element.child("versionRange") and not is_external:
        raise malformed(f"versionRange without isExternal - at `{path}` line {element.line}")
