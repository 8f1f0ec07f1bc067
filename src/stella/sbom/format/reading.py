"""A document of any format -> what Stella knows of it. What breaks its format is refused."""

from dataclasses import replace

from stella.sbom.format.check import check_document
from stella.sbom.format.convert import cyclonedx_tree
from stella.sbom.format.document import read_document
from stella.sbom.format.uncollected import uncollected
from stella.sbom.model import Inventory, Partial
from stella.sbom.read import inventory_of_tree


def read_inventory(content: bytes) -> Inventory:
    """The inventory that the document states. Raises MalformedSbom with the place, UnsupportedSbom."""
    document = read_document(content)
    check_document(document)
    tree = cyclonedx_tree(document)
    with uncollected():
        inventory = inventory_of_tree(tree.value, content)
    if not tree.lost:
        return inventory
    gap = Partial("", f"{tree.lost} things that a conversion carried along found no place")
    return replace(inventory, partial=tuple(sorted({*inventory.partial, gap})))
