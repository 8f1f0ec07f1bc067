"""SPDX 2 -> the same in the words of SPDX 3, as far as a bill of materials needs them."""

from collections.abc import Iterator
from typing import Any

from stella.sbom.format.carried import tree_digest
from stella.sbom.format.spdx3_check import CONTEXT
from stella.sbom.format.spdx3_words import node

_Node = dict[str, Any]
_INFO = "_:creationinfo"
_NOTHING = frozenset({"", "NONE", "NOASSERTION"})
# Type in SPDX 2 -> type in SPDX 3, and whether the two sides change places.
_RELATIONS = {
    "DEPENDS_ON": ("dependsOn", False),
    "DEPENDENCY_OF": ("dependsOn", True),
    "RUNTIME_DEPENDENCY_OF": ("dependsOn", True),
    "BUILD_DEPENDENCY_OF": ("dependsOn", True),
    "DEV_DEPENDENCY_OF": ("dependsOn", True),
    "TEST_DEPENDENCY_OF": ("dependsOn", True),
    "OPTIONAL_DEPENDENCY_OF": ("dependsOn", True),
    "PROVIDED_DEPENDENCY_OF": ("dependsOn", True),
    "CONTAINS": ("contains", False),
    "CONTAINED_BY": ("contains", True),
}
_REFERENCES = {"purl": "packageUrl", "cpe22Type": "cpe22", "cpe23Type": "cpe23"}
_PURPOSES = {
    "OPERATING_SYSTEM": "operatingSystem",
    "OPERATING-SYSTEM": "operatingSystem",
}


def spdx3_of_spdx2(tree: _Node) -> _Node:
    """The document of an SPDX 2 document that was checked."""
    return _Upgrade(tree).document()


class _Upgrade:
    """Collects the elements of one document."""

    def __init__(self, tree: _Node) -> None:
        self._tree = tree
        self._base = tree.get("documentNamespace") or f"urn:stella:sbom:{tree_digest(tree)}"
        self._elements: list[_Node] = []
        self._agents: dict[str, str] = {}
        self._licences: dict[str, str] = {}
        self._relations = 0

    def document(self) -> _Node:
        tree = self._tree
        makers = [self._agent(one) for one in tree["creationInfo"]["creators"]]
        for one in tree.get("packages", ()):
            self._package(one)
        for one in tree.get("files", ()):
            self._file(one)
        described = list(dict.fromkeys(self._relationships()))
        self._element(
            "SpdxDocument", tree["SPDXID"], name=tree["name"], rootElement=described
        )  # fmt: skip
        tools = {one["spdxId"] for one in self._elements if one["type"] == "Tool"}
        info = node(
            "CreationInfo",
            **{"@id": _INFO},
            specVersion="3.0.1",
            created=tree["creationInfo"]["created"],
            createdBy=[one for one in makers if one not in tools],
            createdUsing=[one for one in makers if one in tools],
        )
        return {"@context": CONTEXT, "@graph": [info, *self._elements]}

    def _id(self, reference: str) -> str:
        return f"{self._base}#{reference}"

    def _element(self, kind: str, reference: str, **values: Any) -> str:
        identifier = self._id(reference)
        self._elements.append(node(kind, spdxId=identifier, creationInfo=_INFO, **values))
        return identifier

    def _agent(self, text: str) -> str:
        """``Organization: Acme (mail@acme.test)``."""
        if text in self._agents:
            return self._agents[text]
        kind, _, rest = text.partition(":")
        name, _, mail = rest.strip().partition(" (")
        email = mail.rstrip(")")
        found = [
            node("ExternalIdentifier", externalIdentifierType="email", identifier=email)
            for _ in range(bool(email))
        ]
        of = kind if kind in {"Person", "Organization", "Tool"} else "Organization"
        reference = f"agent-{len(self._agents)}"
        self._agents[text] = self._element(of, reference, name=name, externalIdentifier=found)
        return self._agents[text]

    def _package(self, one: _Node) -> None:
        purpose = one.get("primaryPackagePurpose", "")
        identifiers = [
            node(
                "ExternalIdentifier",
                externalIdentifierType=_REFERENCES[entry["referenceType"]],
                identifier=entry["referenceLocator"],
            )
            for entry in one.get("externalRefs", ())
            if entry["referenceType"] in _REFERENCES
        ]
        supplier = _stated(one.get("supplier"))
        identifier = self._element(
            "software_Package",
            one["SPDXID"],
            name=one["name"],
            software_packageVersion=one.get("versionInfo"),
            description=one.get("description"),
            software_primaryPurpose=_PURPOSES.get(purpose, purpose.lower()) or None,
            software_copyrightText=_stated(one.get("copyrightText")),
            suppliedBy=self._agent(supplier) if supplier else None,
            externalIdentifier=identifiers,
            verifiedUsing=list(_hashes(one)),
            externalRef=list(_references(one)),
        )
        self._licence(identifier, "hasDeclaredLicense", one.get("licenseDeclared"))
        if one.get("licenseConcluded") != one.get("licenseDeclared"):
            self._licence(identifier, "hasConcludedLicense", one.get("licenseConcluded"))

    def _file(self, one: _Node) -> None:
        identifier = self._element(
            "software_File",
            one["SPDXID"],
            name=one["fileName"],
            software_copyrightText=_stated(one.get("copyrightText")),
            verifiedUsing=list(_hashes(one)),
        )
        self._licence(identifier, "hasConcludedLicense", one.get("licenseConcluded"))

    def _licence(self, identifier: str, kind: str, text: Any) -> None:
        expression = _stated(text)
        if expression is None:
            return
        if expression not in self._licences:
            self._licences[expression] = self._element(
                "simplelicensing_LicenseExpression",
                f"licence-{len(self._licences)}",
                simplelicensing_licenseExpression=expression,
            )
        self._relate(identifier, kind, self._licences[expression])

    def _relate(self, source: str, kind: str, to: str) -> None:
        self._relations += 1
        values = {"from": source, "relationshipType": kind, "to": [to]}
        self._element("Relationship", f"relationship-{self._relations}", **values)

    def _relationships(self) -> Iterator[str]:
        """Write them; yields what the document is about."""
        for one in self._tree.get("documentDescribes", ()):
            yield self._id(one)
        for one in self._tree.get("packages", ()):
            for inner in one.get("hasFiles", ()):
                self._relate(self._id(one["SPDXID"]), "contains", self._id(inner))
        for one in self._tree.get("relationships", ()):
            source, to = self._id(one["spdxElementId"]), self._id(one["relatedSpdxElement"])
            name = one["relationshipType"]
            if name == "DESCRIBES":
                yield to
            elif name == "DESCRIBED_BY":
                yield source
            elif name in _RELATIONS:
                kind, is_turned = _RELATIONS[name]
                self._relate(*((to, kind, source) if is_turned else (source, kind, to)))


def _stated(text: Any) -> str | None:
    return text if isinstance(text, str) and text not in _NOTHING else None


def _hashes(one: _Node) -> Iterator[_Node]:
    for entry in one.get("checksums", ()):
        algorithm = entry["algorithm"].lower().replace("sha3-", "sha3_").replace("b-", "b")
        yield node("Hash", algorithm=algorithm, hashValue=entry["checksumValue"].lower())


def _references(one: _Node) -> Iterator[_Node]:
    for kind, key in (("binaryArtifact", "downloadLocation"), ("altWebPage", "homepage")):
        url = _stated(one.get(key))
        if url:
            yield node("ExternalRef", externalRefType=kind, locator=[url])
