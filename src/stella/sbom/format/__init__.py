"""Bills of materials as others write and read them: formats found, checked, converted."""

from typing import TYPE_CHECKING

from stella.kernel.door import late

if TYPE_CHECKING:
    from stella.sbom.format.check import check_document
    from stella.sbom.format.convert import Converted, Tree, cyclonedx_tree, write_document
    from stella.sbom.format.document import Document, Format, read_document
    from stella.sbom.format.reading import read_inventory

__all__ = [
    "Converted",
    "Document",
    "Format",
    "Tree",
    "check_document",
    "cyclonedx_tree",
    "read_document",
    "read_inventory",
    "write_document",
]

__getattr__ = late(
    __name__,
    {
        "check": "check_document",
        "convert": "Converted Tree cyclonedx_tree write_document",
        "document": "Document Format read_document",
        "reading": "read_inventory",
    },
)
