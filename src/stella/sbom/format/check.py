"""One question for every format: does the document keep to it?"""

from stella.sbom.format.cyclonedx_check import check_json, check_xml
from stella.sbom.format.document import Document, Format
from stella.sbom.format.spdx2_check import check_spdx2
from stella.sbom.format.spdx3_check import check_spdx3
from stella.sbom.format.uncollected import uncollected


def check_document(document: Document) -> tuple[str, ...]:
    """Remarks on a valid document, for people. Raises MalformedSbom with the place of the fault."""
    with uncollected():
        return _check(document)


def _check(document: Document) -> tuple[str, ...]:
    if document.format is Format.CYCLONEDX_JSON:
        return check_json(document.tree, document.version)
    if document.format is Format.CYCLONEDX_XML:
        return check_xml(document.tree, document.version)
    if document.format is Format.SPDX_JSON:
        return check_spdx3(document.tree)
    return check_spdx2(document.tree)
