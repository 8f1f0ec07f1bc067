"""A whole SPDX document <-> the tree of CycloneDX 1.7; nothing is lost either way.

From CycloneDX to SPDX the difference goes along, as between JSON and XML. From SPDX to CycloneDX the
SPDX document itself goes along: SPDX has far more words, and the way back gives exactly that document
as long as nobody has edited what it became.
"""

from typing import Any

from stella.sbom.format.carried import (
    PREFIX,
    ascii_json,
    packed,
    tree_digest,
    unpacked,
    with_carried,
    without_carried,
)
from stella.sbom.format.spdx3_read import tree_of_spdx3
from stella.sbom.format.spdx3_write import spdx3_of

_OF_CYCLONEDX = "cyclonedx-json"
OF_SPDX = "spdx-json"
_Tree = dict[str, Any]


def tree_of_spdx(document: Any) -> tuple[_Tree, int]:
    """The tree of the document, and how many carried things found no place in it."""
    tree, carried = without_carried(tree_of_spdx3(document), _OF_CYCLONEDX)
    if carried is None:
        return with_original(tree, document), 0
    return unpacked(tree, carried)


def with_original(tree: _Tree, document: Any) -> _Tree:
    """``tree`` and the document that it was made from."""
    return with_carried(tree, OF_SPDX, {"of": tree_digest(tree), "document": document})


def spdx_of_tree(tree: _Tree) -> tuple[Any, int]:
    """The document of the tree, and how many carried things found no place in it."""
    tree, original = without_carried(tree, OF_SPDX)
    lost = 0
    match original:
        case {"of": str(of), "document": {"@context": _} as document} if of == tree_digest(tree):
            return document, 0
        case {"of": str(of)} if of == tree_digest(tree):
            pass  # of another version of SPDX: it stays carried
        case None:
            pass
        case _:
            lost = 1
    if original is not None and not lost:
        tree = with_carried(tree, OF_SPDX, original)
    difference = packed(tree_of_spdx3(spdx3_of(tree)), tree)
    entry = {"name": f"{PREFIX}{_OF_CYCLONEDX}", "value": ascii_json(difference)}
    return spdx3_of(tree, entry), lost
