"""Any document -> the tree of CycloneDX 1.7 -> any format that is written. Nothing is lost between."""

from dataclasses import dataclass
from typing import Any

import msgspec

from stella.kernel import Remedy
from stella.sbom.errors import MalformedSbom, UnsupportedSbom
from stella.sbom.format.check import check_document
from stella.sbom.format.document import DOCUMENT_BYTES_MAX, Document, Format
from stella.sbom.format.refusals import unsupported
from stella.sbom.format.spdx2_read import spdx3_of_spdx2
from stella.sbom.format.spdx3_read import tree_of_spdx3
from stella.sbom.format.spdx_forms import spdx_of_tree, tree_of_spdx, with_original
from stella.sbom.format.uncollected import uncollected
from stella.sbom.format.xml_forms import tree_of, xml_of_tree
from stella.sbom.format.xml_text import write_xml

_SCHEMA = "http://cyclonedx.org/schema/bom-1.7.schema.json"
_CONVERTED = frozenset({"1.4", "1.5", "1.6", "1.7"})


@dataclass(frozen=True, slots=True)
class Converted:
    """content: the bytes. lost: carried things that found no place, for somebody changed the document.

    fault: why the content is not valid in its format, though it says what was valid in another; or "".
    """

    content: bytes
    lost: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """A document as the JSON values of CycloneDX 1.7. Nobody changes it."""

    value: dict[str, Any]
    lost: int = 0


def cyclonedx_tree(document: Document) -> Tree:
    """The tree of a document that was checked. Raises UnsupportedSbom for CycloneDX before 1.4."""
    with uncollected():
        return _tree(document)


def _tree(document: Document) -> Tree:
    if document.format is Format.CYCLONEDX_XML:
        return Tree(*tree_of(document.tree))
    if document.format is Format.SPDX_JSON:
        return Tree(*tree_of_spdx(document.tree))
    if document.format in {Format.SPDX_2_JSON, Format.SPDX_2_TEXT}:
        tree = tree_of_spdx3(spdx3_of_spdx2(document.tree))
        return Tree(with_original(tree, document.text or document.tree))
    if document.version not in _CONVERTED:
        raise unsupported(f"CycloneDX {document.version}", "CycloneDX 1.4 or later")
    # What 1.4 to 1.6 allow, 1.7 allows too.
    tree = {key: value for key, value in document.tree.items() if key != "$schema"}
    return Tree(tree | {"specVersion": "1.7"})


def write_document(tree: Tree, format_: Format) -> Converted:
    """The document in that format; equal trees give equal bytes.

    Raises UnsupportedSbom where it would be larger than what is read again.
    """
    with uncollected():
        document, lost = _document(tree.value, format_)
        content = _content(document)
    if len(content) > DOCUMENT_BYTES_MAX:
        size, bound = len(content), DOCUMENT_BYTES_MAX
        raise UnsupportedSbom(
            f"as {format_.words} it has {size} bytes, more than the {bound} that are read",
            remedy=Remedy("Write it as cyclonedx-json, which is the shortest."),
            bytes=size,
        )
    return Converted(content, tree.lost + lost, _fault(document))


def _document(tree: dict[str, Any], format_: Format) -> tuple[Document, int]:
    if format_ is Format.CYCLONEDX_XML:
        root, lost = xml_of_tree(tree)
        return Document(format_, "1.7", root), lost
    if format_ is Format.SPDX_JSON:
        document, lost = spdx_of_tree(tree)
        return Document(format_, "3.0.1", document), lost
    return Document(Format.CYCLONEDX_JSON, "1.7", tree | {"$schema": _SCHEMA}), 0


def _content(document: Document) -> bytes:
    if document.format is Format.CYCLONEDX_XML:
        return write_xml(document.tree)
    return msgspec.json.encode(document.tree, order="sorted") + b"\n"


def _fault(document: Document) -> str:
    """Formats differ in what they demand: JSON in equal items and mail addresses, XML in references."""
    try:
        check_document(document)
    except MalformedSbom as fault:
        return str(fault)
    return ""
