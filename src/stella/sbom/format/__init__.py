"""Bills of materials as others write and read them: formats found, checked, converted."""

from typing import TYPE_CHECKING

from stella.kernel.door import late

if TYPE_CHECKING:
    from stella.sbom.format.check import check_document
    from stella.sbom.format.document import Document, Format, read_document

__all__ = ["Document", "Format", "check_document", "read_document"]

__getattr__ = late(
    __name__,
    {
        "check": "check_document",
        "document": "Document Format read_document",
    },
)
