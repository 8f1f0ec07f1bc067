"""The tree of CycloneDX 1.7 -> SPDX 3.0.1 JSON-LD, as far as SPDX has words for it."""

import re
from datetime import UTC, datetime
from typing import Any

from stella.sbom.format.carried import tree_digest
from stella.sbom.format.schemas import schema_table
from stella.sbom.format.spdx3_check import CONTEXT
from stella.sbom.format.spdx3_words import (
    ALGORITHMS,
    NO_TIME,
    NONE_ELEMENT,
    PURPOSES,
    REFERENCES,
    id_of,
    node,
)

Node = dict[str, Any]
_INFO = "_:creationinfo"


def spdx3_of(tree: dict[str, Any], carried: Node | None = None) -> dict[str, Any]:
    """The document; equal trees give equal ones. carried: one more property of the document."""
    return _Writer(tree).document(carried)


class _Writer:
    """Collects the elements of one document."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree
        self._base = str(tree.get("serialNumber") or f"urn:stella:sbom:{tree_digest(tree)}")
        self._elements: list[Node] = []
        self._licences: dict[tuple[str, str], str] = {}
        self._agents: dict[str, str] = {}
        self._relations = 0

    def document(self, carried: Node | None) -> dict[str, Any]:
        metadata = self._tree.get("metadata", {})
        info = self._creation_info(metadata)
        subject = metadata.get("component")
        top = [
            self._component(one, f"{number}")
            for number, one in enumerate(self._tree.get("components", []))
        ]
        roots = top
        if subject is not None:
            roots = [self._component(subject, "subject")]
            self._relate(roots[0], "contains", top)
        for one in self._tree.get("dependencies", []):
            self._dependency(one)
        contents = [one["spdxId"] for one in self._elements]
        sbom = self._element(
            "software_Sbom",
            f"{self._base}#sbom",
            rootElement=roots,
            element=contents,
            software_sbomType=[],
            extension=_extension(metadata.get("properties")),
        )
        properties = [*self._tree.get("properties", []), *([carried] if carried else [])]
        self._element(
            "SpdxDocument",
            f"{self._base}#document",
            name=(subject or {}).get("name") or "sbom",
            rootElement=[sbom],
            element=[*contents, sbom],
            profileConformance=["core", "software", "simpleLicensing", "extension"],
            extension=_extension(properties),
        )
        return {"@context": CONTEXT, "@graph": [info, *self._elements]}

    def _element(self, kind: str, identifier: str, **values: Any) -> str:
        self._elements.append(node(kind, spdxId=identifier, creationInfo=_INFO, **values))
        return identifier

    def _relate(self, source: str, kind: str, to: list[str], **more: Any) -> None:
        if not to:
            return
        self._relations += 1
        identifier = f"{self._base}#relationship-{self._relations}"
        values = {"from": source, "relationshipType": kind, "to": to, **more}
        self._element("Relationship", identifier, **values)

    def _creation_info(self, metadata: dict[str, Any]) -> Node:
        tools = metadata.get("tools", [])
        listed = tools.get("components", []) if isinstance(tools, dict) else tools
        used = [
            self._element("Tool", f"{self._base}#tool-{number}", name=one.get("name"))
            for number, one in enumerate(listed)
        ]
        makers = [
            self._element(
                "Person",
                f"{self._base}#author-{number}",
                name=one.get("name"),
                externalIdentifier=_identifiers(("email", one.get("email"))),
            )
            for number, one in enumerate(metadata.get("authors", []))
        ]
        if not makers:
            name = listed[0].get("name") if listed else None
            makers = [self._element("SoftwareAgent", f"{self._base}#creator", name=name)]
        return node(
            "CreationInfo",
            **{"@id": _INFO},
            specVersion="3.0.1",
            created=_time(metadata.get("timestamp")),
            createdBy=makers,
            createdUsing=used,
        )

    def _component(self, component: dict[str, Any], path: str) -> str:
        reference = component.get("bom-ref")
        identifier = (
            id_of(self._base, reference) if reference else f"{self._base}#unnamed-{path}"
        )  # fmt: skip
        cpe = component.get("cpe")
        kind = "cpe23" if str(cpe).startswith("cpe:2.3:") else "cpe22"
        values = {
            "name": component.get("name"),
            "description": component.get("description"),
            "software_copyrightText": component.get("copyright"),
            "software_primaryPurpose": PURPOSES.get(component["type"], "other"),
            "suppliedBy": self._organization(component.get("supplier")),
            "verifiedUsing": [_hash(one) for one in component.get("hashes", [])],
            "externalIdentifier": _identifiers((kind, cpe)),
            "externalRef": [_reference(one) for one in component.get("externalReferences", [])],
            "extension": _extension(component.get("properties")),
        }
        if component["type"] == "file":
            self._element("software_File", identifier, **values)
        else:
            self._element(
                "software_Package",
                identifier,
                **values,
                software_packageVersion=component.get("version"),
                software_packageUrl=component.get("purl"),
            )
        for one in component.get("licenses", []):
            self._licence(identifier, one)
        inner = [
            self._component(one, f"{path}-{number}")
            for number, one in enumerate(component.get("components", []))
        ]
        self._relate(identifier, "contains", inner)
        return identifier

    def _organization(self, supplier: dict[str, Any] | None) -> str | None:
        name = (supplier or {}).get("name")
        if not name:
            return None
        if name not in self._agents:
            identifier = f"{self._base}#organization-{len(self._agents)}"
            self._agents[name] = self._element("Organization", identifier, name=name)
        return self._agents[name]

    def _licence(self, identifier: str, choice: dict[str, Any]) -> None:
        licence = choice.get("license", choice)
        expression = choice.get("expression") or licence.get("id")
        name = licence.get("name")
        if expression is None and name in schema_table("licences.xml"):
            name = f" {name}"  # an id that was only given as a name is no licence of that id
        key = ("expression", expression) if expression else ("name", name or "")
        if key not in self._licences:
            number = f"{self._base}#licence-{len(self._licences)}"
            self._licences[key] = (
                self._element(
                    "simplelicensing_LicenseExpression",
                    number,
                    simplelicensing_licenseExpression=expression,
                )
                if expression
                else self._element(
                    "simplelicensing_SimpleLicensingText",
                    number,
                    name=licence.get("name"),
                    simplelicensing_licenseText=_licence_text(licence),
                )
            )
        is_concluded = licence.get("acknowledgement") == "concluded"
        kind = "hasConcludedLicense" if is_concluded else "hasDeclaredLicense"
        self._relate(identifier, kind, [self._licences[key]])

    def _dependency(self, one: dict[str, Any]) -> None:
        source = id_of(self._base, one["ref"])
        to = [id_of(self._base, other) for other in one.get("dependsOn", [])]
        self._relate(source, "dependsOn", to or [NONE_ELEMENT])
        for other in one.get("provides", []):
            self._relate(source, "hasSpecification", [id_of(self._base, other)])


def _extension(properties: list[dict[str, Any]] | None) -> list[Node]:
    """CycloneDX properties have an extension of their own in SPDX."""
    if not properties:
        return []
    entries = [
        node(
            "extension_CdxPropertyEntry",
            extension_cdxPropName=one["name"],
            extension_cdxPropValue=one.get("value"),
        )
        for one in properties
    ]
    return [node("extension_CdxPropertiesExtension", extension_cdxProperty=entries)]


def _identifiers(*pairs: tuple[str, Any]) -> list[Node]:
    return [
        node("ExternalIdentifier", externalIdentifierType=kind, identifier=value)
        for kind, value in pairs
        if value
    ]


def _hash(one: dict[str, str]) -> Node:
    algorithm = ALGORITHMS.get(one["alg"], "other")
    return node("Hash", algorithm=algorithm, hashValue=one.get("content", ""))


def _reference(one: dict[str, Any]) -> Node:
    kind = REFERENCES.get(one["type"], "other")
    return node(
        "ExternalRef", externalRefType=kind, locator=[one["url"]], comment=one.get("comment")
    )


def _licence_text(licence: dict[str, Any]) -> str:
    """SPDX demands a text; the name stands for one that is not there."""
    text = licence.get("text", {})
    is_plain = "encoding" not in text
    return str((text.get("content") if is_plain else None) or licence.get("name") or "NOASSERTION")


def _time(text: Any) -> str:
    """To the second and in UTC, as SPDX writes times."""
    if not isinstance(text, str):
        return NO_TIME
    plain = re.sub(r"\.\d+", "", text.upper())
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return NO_TIME
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except OverflowError:
        return NO_TIME
