"""CycloneDX VEX in, JSON 1.4 to 1.7: ``vulnerabilities[].analysis``. Source: cyclonedx.org/docs, "VEX".

What is said of a component of ``metadata.component`` is said of it there, not wherever it occurs.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from stella.kernel import Digest
from stella.vex.identify import read_purl, target_of
from stella.vex.model import (
    Document,
    Format,
    Justification,
    Product,
    Statement,
    Status,
    Target,
)
from stella.vex.plain import (
    PRODUCTS_MAX,
    RANGE_UNREAD,
    STATEMENTS_MAX,
    Gaps,
    malformed,
    mapping,
    mappings,
    name,
    text,
    time_of,
    version_of,
)

_STATES = {
    "not_affected": Status.NOT_AFFECTED,
    "false_positive": Status.NOT_AFFECTED,
    "exploitable": Status.AFFECTED,
    "in_triage": Status.UNDER_INVESTIGATION,
    "resolved": Status.FIXED,
    "resolved_with_pedigree": Status.FIXED,
}
_SETTLING = frozenset({Status.NOT_AFFECTED, Status.FIXED})
_JUSTIFICATIONS = {
    "code_not_present": Justification.VULNERABLE_CODE_NOT_PRESENT,
    "code_not_reachable": Justification.VULNERABLE_CODE_NOT_IN_EXECUTE_PATH,
    "protected_by_compiler": Justification.INLINE_MITIGATIONS_ALREADY_EXIST,
    "protected_at_runtime": Justification.INLINE_MITIGATIONS_ALREADY_EXIST,
    "protected_at_perimeter": Justification.INLINE_MITIGATIONS_ALREADY_EXIST,
    "protected_by_mitigating_control": Justification.INLINE_MITIGATIONS_ALREADY_EXIST,
}
"""Those that need a configuration, dependency or environment have no like: they are an impact statement."""


def read_cyclonedx_vex(read: Mapping[str, Any], digest: Digest) -> Document:
    """The statements of a CycloneDX document. Raises MalformedVex where it has more than is read."""
    metadata = mapping(read.get("metadata"))
    at = time_of(metadata.get("timestamp"))
    gaps = Gaps()
    known, whole = _known(read, metadata)
    statements: list[Statement] = []
    named = 0
    for place, one in mappings(read.get("vulnerabilities")):
        where = f"vulnerabilities[{place}]"
        for statement in _statements(one, known, whole, at=at, gaps=gaps, place=where):
            statements.append(statement)
            named += len(statement.products)
            if len(statements) > STATEMENTS_MAX or named > PRODUCTS_MAX:
                raise malformed("more statements or products than are read")
    supplier = mapping(metadata.get("manufacturer")) or mapping(metadata.get("supplier"))
    authors = [text(one.get("name"), 300) for _, one in mappings(metadata.get("authors"))]
    return Document(
        digest=digest,
        format=Format.CYCLONEDX,
        id=name(read.get("serialNumber")),
        author=text(supplier.get("name"), 300) or next(iter(authors), ""),
        role="",
        at=at,
        version=version_of(read.get("version")),
        statements=tuple(statements),
        gaps=gaps.told(),
    )


def _known(
    read: Mapping[str, Any], metadata: Mapping[str, Any]
) -> tuple[dict[str, Target], tuple[str, Target] | None]:
    """bom-ref -> what it names; and the component that the document is about, with its bom-ref."""
    known: dict[str, Target] = {}
    waiting = [one for _, one in mappings(read.get("components"))]
    while waiting:
        one = waiting.pop()
        reference, target = name(one.get("bom-ref")), _target(one)
        if reference and target is not None:
            known[reference] = target
        waiting += [part for _, part in mappings(one.get("components"))]
    about = mapping(metadata.get("component"))
    target = _target(about)
    if target is None:
        return known, None
    reference = name(about.get("bom-ref"))
    if reference:
        known[reference] = target
    return known, (reference, target)


def _target(component: Mapping[str, Any]) -> Target | None:
    hashes = {name(one.get("alg")): name(one.get("content")) for _, one in _hashes(component)}
    # A container's version is its digest where it has no purl that says so.
    version = name(component.get("version"))
    identifiers = [
        name(component.get("purl")),
        version if version.startswith("sha256:") else "",
        name(component.get("cpe")),
    ]
    is_container = component.get("type") == "container"
    found = target_of(identifiers, hashes if is_container else None)
    return found or target_of([name(component.get("name"))])


def _hashes(component: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, one in mappings(component.get("hashes")):
        if name(one.get("alg")) and name(one.get("content")):
            yield place, one


def _statements(
    one: Mapping[str, Any],
    known: Mapping[str, Target],
    whole: tuple[str, Target] | None,
    *,
    at: str,
    gaps: Gaps,
    place: str,
) -> Iterator[Statement]:
    references = [name(other.get("id")) for _, other in mappings(one.get("references"))]
    names = tuple(dict.fromkeys(word for word in (name(one.get("id")), *references) if word))
    analysis = mapping(one.get("analysis"))
    if not analysis:
        return  # a vulnerability that is listed is no statement about it
    status = _STATES.get(text(analysis.get("state")))
    if not names or status is None:
        gaps.add(place, "it names no vulnerability" if not names else "its analysis has no state")
        return
    reason, detail = text(analysis.get("justification")), text(analysis.get("detail"))
    justification = _JUSTIFICATIONS.get(reason, "")
    impact = detail or ("" if justification else reason.replace("_", " "))
    about = one.get("affects")
    products = tuple(_products(about, known, whole, gaps, place, settles=status in _SETTLING))
    if not products:
        gaps.add(place, "it is about nothing that can be found here")
        return
    yield Statement(
        names=names,
        products=products,
        status=status,
        justification=justification,
        impact=impact if status is Status.NOT_AFFECTED else "",
        action=text(one.get("recommendation")) if status is Status.AFFECTED else "",
        notes=detail if status is not Status.NOT_AFFECTED else "",
        at=time_of(analysis.get("lastUpdated"), analysis.get("firstIssued"), one.get("updated"))
        or at,
    )


def _products(
    affects: object,
    known: Mapping[str, Target],
    whole: tuple[str, Target] | None,
    gaps: Gaps,
    place: str,
    *,
    settles: bool,
) -> Iterator[Product]:
    for number, one in mappings(affects):
        reference = name(one.get("ref"))
        target = known.get(reference)
        where = f"{place}.affects[{number}]"
        if target is None and reference.startswith("urn:cdx:"):
            # A BOM-Link: a component of that very bill of materials, and of no other.
            link, _, part = reference.partition("#")
            inside = target_of([unquote(part)])
            yield Product(Target(others=(link,)), (inside,) if inside else ())
        elif target is None:
            gaps.add(where, f"nothing here is {reference[:80]!r}")
        elif one.get("versions") and not all(_versions(target)):
            gaps.add(where, RANGE_UNREAD)
        elif one.get("versions") and settles and not _versions(target) <= _unaffected(one):
            gaps.add(where, "its versions do not say that the one in the purl is not affected")
        elif whole is None or reference == whole[0] or target == whole[1]:
            yield Product(target)
        else:
            yield Product(whole[1], (target,))


def _versions(target: Target) -> set[str]:
    """The versions in its purls; "" for one without."""
    return {read.version for text in target.purls if (read := read_purl(text))}


def _unaffected(affected: Mapping[str, Any]) -> set[str]:
    """The versions that are said to be so. Without a status, one is affected."""
    listed = [one for _, one in mappings(affected.get("versions"))]
    said = {name(one.get("version")) for one in listed if one.get("status") == "unaffected"}
    return said - {name(one.get("version")) for one in listed if one.get("status") != "unaffected"}
