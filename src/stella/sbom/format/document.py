"""A document as it was given: which format and version it is, and its content as a tree."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stella.sbom.format.json_text import read_json
from stella.sbom.format.refusals import malformed, unsupported
from stella.sbom.format.schemas import JSON_VERSIONS, XML_VERSIONS
from stella.sbom.format.spdx2_text import read_tag_values
from stella.sbom.format.uncollected import uncollected
from stella.sbom.format.xml_text import Element, read_xml

DOCUMENT_BYTES_MAX = 256 * 1024 * 1024
_XML_NAMESPACE = "http://cyclonedx.org/schema/bom/"
_XML_STARTS = (b"<", b"\xff\xfe", b"\xfe\xff")
_KNOWN = "CycloneDX 1.2 to 1.7 JSON, CycloneDX 1.4 to 1.7 XML, SPDX 3.0.1 or SPDX 2.3"


class Format(StrEnum):
    """What is read; the values are what ``-o`` takes where it is written too."""

    CYCLONEDX_JSON = "cyclonedx-json"
    CYCLONEDX_XML = "cyclonedx-xml"
    SPDX_JSON = "spdx-json"
    SPDX_2_JSON = "spdx-2-json"
    SPDX_2_TEXT = "spdx-2-tag-value"

    @property
    def words(self) -> str:
        """For people."""
        return _WORDS[self.value]


_WORDS = {
    "cyclonedx-json": "CycloneDX JSON",
    "cyclonedx-xml": "CycloneDX XML",
    "spdx-json": "SPDX JSON-LD",
    "spdx-2-json": "SPDX JSON",
    "spdx-2-tag-value": "SPDX tag-value",
}


@dataclass(frozen=True, slots=True)
class Document:
    """tree: plain JSON values, or the root ``Element`` of an XML document. Nobody changes it.

    text: of a tag-value document, whose tree has not everything that is in it.
    """

    format: Format
    version: str
    tree: Any
    text: str = ""


def read_document(content: bytes) -> Document:
    """The document in ``content``, its format found by what it holds; nothing is checked yet.

    Raises MalformedSbom, UnsupportedSbom.
    """
    if len(content) > DOCUMENT_BYTES_MAX:
        raise malformed(f"it has {len(content)} bytes, at most {DOCUMENT_BYTES_MAX} are read")
    with uncollected():
        return _document(content)


def _document(content: bytes) -> Document:
    start = content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_XML_STARTS):
        return _of_xml(read_xml(content))
    if start.startswith((b"SPDXVersion", b"#")):
        return _of_text(content)
    return _of_json(read_json(content))


def _of_xml(root: Element) -> Document:
    version = root.namespace.removeprefix(_XML_NAMESPACE)
    if root.name != "bom" or not root.namespace.startswith(_XML_NAMESPACE):
        raise malformed(
            f"it is no CycloneDX: <{root.name[:40]}> in {root.namespace[:80]!r} - at `/`"
        )
    if version not in XML_VERSIONS:
        raise unsupported(f"CycloneDX XML {version!r}", _KNOWN)
    return Document(Format.CYCLONEDX_XML, version, root)


def _of_json(tree: Any) -> Document:
    if not isinstance(tree, dict):
        raise malformed("it is no object - at `$`")
    if "bomFormat" in tree or "specVersion" in tree:
        if tree.get("bomFormat") != "CycloneDX":
            raise malformed("bomFormat is not 'CycloneDX' - at `$.bomFormat`")
        version = tree.get("specVersion")
        if version not in JSON_VERSIONS:
            raise unsupported(f"CycloneDX {str(version)!r}", _KNOWN)
        return Document(Format.CYCLONEDX_JSON, str(version), tree)
    if "@context" in tree:
        return Document(Format.SPDX_JSON, "3.0.1", tree)
    if "spdxVersion" in tree:
        return Document(Format.SPDX_2_JSON, _version_of_spdx2(tree), tree)
    raise malformed(f"it is none of {_KNOWN}")


def _of_text(content: bytes) -> Document:
    tree = read_tag_values(content)
    text = content.decode("utf-8-sig")
    return Document(Format.SPDX_2_TEXT, _version_of_spdx2(tree), tree, text)


def _version_of_spdx2(tree: dict[str, Any]) -> str:
    version = tree.get("spdxVersion")
    if version not in {"SPDX-2.2", "SPDX-2.3"}:
        raise unsupported(f"{str(version)!r}", _KNOWN)
    return str(version).removeprefix("SPDX-")
