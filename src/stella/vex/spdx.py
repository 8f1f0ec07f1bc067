"""Statements out as SPDX 3.0.1 JSON-LD, the security profile's VEX relationships.

Source: https://spdx.github.io/spdx-spec/v3.0.1/, model/Security. Each relationship leads from a
vulnerability to a product; ``assessedElement`` is the part of it that is meant.
"""

from collections.abc import Iterator
from typing import Any

from stella.kernel import Json, Remedy, canonical_json, parse_time
from stella.vex.errors import NothingToSay
from stella.vex.identify import read_purl
from stella.vex.model import Document, Statement, Status, Target

_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_INFO = "_:creationinfo"
_KINDS = {
    Status.NOT_AFFECTED: ("security_VexNotAffectedVulnAssessmentRelationship", "doesNotAffect"),
    Status.AFFECTED: ("security_VexAffectedVulnAssessmentRelationship", "affects"),
    Status.FIXED: ("security_VexFixedVulnAssessmentRelationship", "fixedIn"),
    Status.UNDER_INVESTIGATION: (
        "security_VexUnderInvestigationVulnAssessmentRelationship",
        "underInvestigationFor",
    ),
}


class _Elements:
    """Every element once, by what it is; their numbers follow from the order of first mention."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._named: dict[tuple[str, object], str] = {}
        self.listed: list[dict[str, Any]] = []

    def add(self, word: str, key: object, **fields: Any) -> str:
        """The id of the element."""
        known = self._named.get((word, key))
        if known is not None:
            return known
        made = f"{self._base}#{word}-{len(self.listed)}"
        self._named[word, key] = made
        self.listed.append({"spdxId": made, "creationInfo": _INFO, **fields})
        return made


def spdx_bytes(document: Document, at: str) -> bytes:
    """``document`` as canonical SPDX 3.0.1 JSON-LD. at: RFC 3339, of the writing.

    Raises NothingToSay where no statement is about anything.
    """
    elements = _Elements(f"urn:stella:vex:{document.digest.hex}")
    agent = elements.add(
        "agent", document.author, type="Agent", name=document.author or "unknown author"
    )
    made = [
        one
        for statement in document.statements
        for one in _relationships(statement, document, elements)
    ]
    if not made:
        raise NothingToSay(
            "no statement of the document is about a product",
            remedy=Remedy("Name what it is about: --product."),
        )
    elements.add(
        "document",
        "",
        type="SpdxDocument",
        name=document.id or "VEX",
        profileConformance=["core", "security", "software"],
        rootElement=made[:1],
        element=sorted(one["spdxId"] for one in elements.listed),
    )
    info: dict[str, Json] = {
        "type": "CreationInfo",
        "@id": _INFO,
        "specVersion": "3.0.1",
        "created": _seconds(at),
        "createdBy": [agent],
    }
    return canonical_json({"@context": _CONTEXT, "@graph": [info, *elements.listed]})


def _relationships(statement: Statement, document: Document, elements: _Elements) -> Iterator[str]:
    """One for each product and part; their ids."""
    vulnerability = _vulnerability(statement, elements)
    for product in statement.products:
        whole = _package(product.target, elements)
        for part in product.subcomponents or (None,):
            assessed = None if part is None else _package(part, elements)
            kind, relation = _KINDS[statement.status]
            fields: dict[str, Any] = {
                "type": kind,
                "from": vulnerability,
                "relationshipType": relation,
                "to": [whole],
                **_reasons(statement),
            }
            if assessed is not None:
                fields["security_assessedElement"] = assessed
            if document.version:
                fields["security_vexVersion"] = ".".join(map(str, document.version))
            if statement.at:
                fields["security_publishedTime"] = _seconds(statement.at)
            yield elements.add("vex", len(elements.listed), **fields)


def _reasons(statement: Statement) -> dict[str, str]:
    """What the kind of relationship has room for."""
    found: dict[str, str] = {}
    if statement.status is Status.NOT_AFFECTED:
        if statement.justification:
            first, *rest = statement.justification.split("_")
            word = first + "".join(part.capitalize() for part in rest)
            found["security_justificationType"] = word
        if statement.impact:
            found["security_impactStatement"] = statement.impact
    if statement.status is Status.AFFECTED:
        found["security_actionStatement"] = statement.action or "none is known yet"
    if statement.notes:
        found["security_statusNotes"] = statement.notes
    return found


def _vulnerability(statement: Statement, elements: _Elements) -> str:
    identifiers = [
        {
            "type": "ExternalIdentifier",
            "externalIdentifierType": "cve" if name.startswith("CVE-") else "securityOther",
            "identifier": name,
        }
        for name in sorted(statement.names)
    ]
    return elements.add(
        "vulnerability",
        statement.names,
        type="security_Vulnerability",
        name=statement.names[0],
        externalIdentifier=identifiers,
    )


def _package(target: Target, elements: _Elements) -> str:
    fields: dict[str, Any] = {"type": "software_Package", "name": target.shown}
    purl = read_purl(target.purls[0]) if target.purls else None
    if purl is not None:
        fields["name"], fields["software_packageUrl"] = purl.name, target.purls[0]
        if purl.version:
            fields["software_packageVersion"] = purl.version
    cpes = [one for one in target.others if one.startswith("cpe:")]
    if cpes:
        fields["externalIdentifier"] = [
            {
                "type": "ExternalIdentifier",
                "externalIdentifierType": "cpe23" if one.startswith("cpe:2.3:") else "cpe22",
                "identifier": one,
            }
            for one in cpes
        ]
    if target.digests:
        fields["verifiedUsing"] = [
            {
                "type": "Hash",
                "algorithm": "sha256",
                "hashValue": target.digests[0].removeprefix("sha256:"),
            }
        ]
    return elements.add("package", target, **fields)


def _seconds(at: str) -> str:
    """SPDX has no fractions of seconds."""
    return parse_time(at).strftime("%Y-%m-%dT%H:%M:%SZ")
