"""Small documents of our own, one of each format."""

import json

from stella.sbom.format import check_document, read_document
from stella.sbom.format.document import Document

COMPONENT = {
    "type": "library",
    "bom-ref": "a",
    "name": "requests",
    "version": "2.19.0",
    "hashes": [{"alg": "SHA-256", "content": "0" * 64}],
    "licenses": [{"license": {"id": "Apache-2.0"}}],
    "purl": "pkg:pypi/requests@2.19.0",
}
BOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.7",
    "version": 1,
    "components": [COMPONENT],
    "dependencies": [{"ref": "a"}],
}
XML = """<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.7" version="1">
  <components>
    <component type="library" bom-ref="a">
      <name>requests</name>
      <version>2.19.0</version>
      <hashes><hash alg="SHA-256">{digest}</hash></hashes>
      <licenses><license><id>Apache-2.0</id></license></licenses>
      <purl>pkg:pypi/requests@2.19.0</purl>
    </component>
  </components>
  <dependencies><dependency ref="a"/></dependencies>
</bom>
""".format(digest="0" * 64)
SPDX = {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
        {
            "type": "CreationInfo",
            "@id": "_:made",
            "specVersion": "3.0.1",
            "created": "2026-01-02T03:04:05Z",
            "createdBy": ["https://a.test/us"],
        },
        {"type": "Organization", "spdxId": "https://a.test/us", "creationInfo": "_:made"},
        {
            "type": "software_Package",
            "spdxId": "https://a.test/requests",
            "creationInfo": "_:made",
            "name": "requests",
            "software_packageVersion": "2.19.0",
            "software_packageUrl": "pkg:pypi/requests@2.19.0",
        },
    ],
}


def bom(**changes: object) -> dict[str, object]:
    return {**BOM, **changes}


def component(**changes: object) -> dict[str, object]:
    """A document whose one component has the changes; None takes a field away."""
    changed = {key: value for key, value in {**COMPONENT, **changes}.items() if value is not None}
    return bom(components=[changed])


def checked(content: object) -> tuple[Document, tuple[str, ...]]:
    """The document in what is text, bytes or plain values, and the remarks on it."""
    if isinstance(content, str):
        content = content.encode()
    elif not isinstance(content, bytes):
        content = json.dumps(content).encode()
    document = read_document(content)
    return document, check_document(document)
