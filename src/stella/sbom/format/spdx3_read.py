"""SPDX 3.0.1 JSON-LD -> the tree of CycloneDX 1.7, as far as CycloneDX has words for it."""

from collections.abc import Iterator
from typing import Any

from stella.sbom.format.json_text import levels
from stella.sbom.format.schemas import schema_table
from stella.sbom.format.spdx3_check import graph_of, is_a
from stella.sbom.format.spdx3_words import (
    HASHES,
    NO_TIME,
    NONE_ELEMENT,
    REFERENCE_TYPES,
    TYPES,
    reference_of,
    serial_of,
)

Node = dict[str, Any]
_DEPTH_MAX = 12
_PARTS = ("software_Package", "software_File")
_LICENCES = {"hasDeclaredLicense": None, "hasConcludedLicense": "concluded"}


def tree_of_spdx3(document: Any) -> dict[str, Any]:
    """The tree of a document that was checked."""
    return _Reader(graph_of(document)).tree()


class _Reader:
    """One document's elements by id."""

    def __init__(self, graph: list[Node]) -> None:
        self._nodes = dict(_named(graph))
        self._document: Node = next(self._all("SpdxDocument"), {})
        identifier = self._document.get("spdxId", "")
        is_ours = identifier.endswith("#document")
        self._base = identifier.removesuffix("#document") if is_ours else " "
        self._relations: dict[str, list[Node]] = {}
        for one in self._all("Relationship"):
            self._relations.setdefault(one["relationshipType"], []).append(one)
        self._licences: dict[str, list[Node]] = {}

    def tree(self) -> dict[str, Any]:
        sbom: Node = next(self._all("software_Sbom"), {})
        listed: list[Any] = (sbom or self._document).get("rootElement", [])
        roots = [_key(one) for one in listed]
        self._read_licences()
        # Keyed by id, in the order of the document.
        parts = {key: self._component(one) for key, one in self._parts()}
        is_one = len(roots) == 1 and roots[0] in parts and len(parts) > 1
        subject = roots[0] if is_one else None
        found = {
            "bomFormat": "CycloneDX",
            "specVersion": "1.7",
            "serialNumber": serial_of(self._base),
            "version": 1,
            "metadata": self._metadata(sbom, parts.get(subject) if subject else None),
            "components": self._nested(parts, subject),
            "dependencies": self._dependencies(),
            "properties": _properties(self._document),
        }
        return {key: value for key, value in found.items() if value not in (None, {}, [])}

    def _all(self, kind: str) -> Iterator[Node]:
        return (one for one in self._nodes.values() if is_a(one["type"], kind))

    def _parts(self) -> Iterator[tuple[str, Node]]:
        for key, one in self._nodes.items():
            if any(is_a(one["type"], kind) for kind in _PARTS):
                yield key, one

    def _metadata(self, sbom: Node, subject: dict[str, Any] | None) -> dict[str, Any]:
        info = self._resolved((self._document or sbom).get("creationInfo"))
        makers = [self._resolved(one) for one in info.get("createdBy", [])]
        authors = [_author(one) for one in makers if one.get("type") == "Person"]
        tools = [self._resolved(one) for one in info.get("createdUsing", [])]
        named = [{"type": "application", "name": one["name"]} for one in tools if one.get("name")]
        created = info.get("created")
        found = {
            "timestamp": created if created != NO_TIME else None,
            "tools": {"components": named} if named else None,
            "authors": [one for one in authors if one],
            "component": subject,
            "properties": _properties(sbom),
        }
        return {key: value for key, value in found.items() if value}

    def _resolved(self, value: Any) -> Node:
        """The object that is given itself or by its id."""
        return value if isinstance(value, dict) else self._nodes.get(str(value), {})

    def _component(self, one: Node) -> dict[str, Any]:
        is_file = is_a(one["type"], "software_File")
        kind = "file" if is_file else TYPES.get(one.get("software_primaryPurpose", ""), "library")
        supplier = self._resolved(one.get("suppliedBy")).get("name")
        identifiers = one.get("externalIdentifier", [])
        found = {
            "type": kind,
            "bom-ref": reference_of(self._base, one["spdxId"]),
            "name": one.get("name") or one["spdxId"],
            "version": one.get("software_packageVersion"),
            "description": one.get("description"),
            "copyright": one.get("software_copyrightText"),
            "purl": one.get("software_packageUrl") or _identifier(identifiers, "packageUrl"),
            "cpe": _identifier(identifiers, "cpe23") or _identifier(identifiers, "cpe22"),
            "supplier": {"name": supplier} if supplier else None,
            "hashes": list(_hashes(one)),
            "licenses": self._licences.get(one["spdxId"]),
            "externalReferences": list(_references(one)),
            "properties": _properties(one),
        }
        return {key: value for key, value in found.items() if value}

    def _read_licences(self) -> None:
        for kind, acknowledgement in _LICENCES.items():
            for relation in self._relations.get(kind, []):
                for one in relation["to"]:
                    choice = _licence(self._resolved(one), acknowledgement)
                    if choice:
                        self._licences.setdefault(_key(relation["from"]), []).append(choice)

    def _nested(
        self, parts: dict[str, dict[str, Any]], subject: str | None
    ) -> list[dict[str, Any]]:
        """What the document contains; what something else in it contains stands within that."""
        parents: dict[str, str] = {}
        for relation in self._relations.get("contains", []):
            outer = _key(relation["from"])
            for inner in map(_key, relation["to"]):
                if inner in parts and outer in parts and inner not in parents:
                    parents[inner] = outer
        top = []
        for key, one in parts.items():
            if key == subject:
                continue
            parent = parents.get(key)
            if parent is None or parent == subject or _is_too_deep(key, parents):
                top.append(one)
            else:
                parts[parent].setdefault("components", []).append(one)
        return top

    def _dependencies(self) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for kind, name in (("dependsOn", "dependsOn"), ("hasSpecification", "provides")):
            for relation in self._relations.get(kind, []):
                source = reference_of(self._base, _key(relation["from"]))
                named = [one for one in map(_key, relation["to"]) if one != NONE_ELEMENT]
                to = [reference_of(self._base, one) for one in named]
                if source is None or (name == "provides" and source not in found):
                    continue
                entry = found.setdefault(source, {"ref": source})
                known = [*entry.get(name, []), *(one for one in to if one)]
                if known:
                    entry[name] = list(dict.fromkeys(known))
        return list(found.values())


def _named(graph: list[Node]) -> Iterator[tuple[str, Node]]:
    """Every object that has an id; elements may stand within others."""
    classes = schema_table("spdx-3.0.1")
    for level in levels(graph):
        for one in level:
            if isinstance(one, dict) and one.get("type") in classes and _key(one):
                yield _key(one), one


def _key(value: Any) -> str:
    """The id of what is given itself or by its id."""
    found = value.get("spdxId", value.get("@id", "")) if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def _is_too_deep(key: str, parents: dict[str, str]) -> bool:
    """Deeper than is read again, or in a circle."""
    for _ in range(_DEPTH_MAX):
        if key not in parents:
            return False
        key = parents[key]
    return True


def _author(person: Node) -> dict[str, Any]:
    found = {
        "name": person.get("name"),
        "email": _identifier(person.get("externalIdentifier", []), "email"),
    }
    return {key: value for key, value in found.items() if value}


def _identifier(identifiers: list[Any], kind: str) -> str | None:
    return next(
        (
            one["identifier"]
            for one in identifiers
            if isinstance(one, dict) and one.get("externalIdentifierType") == kind
        ),
        None,
    )


def _hashes(one: Node) -> Iterator[dict[str, str]]:
    for entry in one.get("verifiedUsing", []):
        algorithm = HASHES.get(entry.get("algorithm", "")) if isinstance(entry, dict) else None
        if algorithm:
            yield {"alg": algorithm, "content": entry["hashValue"]}


def _references(one: Node) -> Iterator[dict[str, str]]:
    for entry in one.get("externalRef", []):
        if not isinstance(entry, dict):
            continue
        kind = REFERENCE_TYPES.get(entry.get("externalRefType", ""), "other")
        for url in entry.get("locator", []):
            found = {"type": kind, "url": url, "comment": entry.get("comment")}
            yield {key: value for key, value in found.items() if value}


def _licence(one: Node, acknowledgement: str | None) -> dict[str, Any] | None:
    more = {"acknowledgement": acknowledgement} if acknowledgement else {}
    expression = one.get("simplelicensing_licenseExpression")
    if expression in schema_table("licences.xml"):
        return {"license": {"id": expression, **more}}
    if expression:
        return {"expression": expression, **more}
    name = one.get("name") or one.get("simplelicensing_licenseText")
    return {"license": {"name": name, **more}} if name else None


def _properties(one: Node) -> list[dict[str, str]]:
    entries = [
        entry
        for extension in one.get("extension", [])
        if isinstance(extension, dict)
        for entry in extension.get("extension_cdxProperty", [])
    ]
    return [
        {"name": one["extension_cdxPropName"]}
        | ({"value": value} if (value := one.get("extension_cdxPropValue")) is not None else {})
        for one in entries
    ]
