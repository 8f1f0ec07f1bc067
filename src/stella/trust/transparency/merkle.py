"""Merkle trees of RFC 6962, as pure functions: hashes, and proofs that are checked, never believed.

Subtrees as in draft-ietf-plants-merkle-tree-certs, section 4; a consistency proof is one of the subtree
that begins at the first leaf.
"""

import hashlib
from collections.abc import Sequence

from stella.kernel import Remedy
from stella.trust.errors import UnprovenEntry

EMPTY_ROOT = hashlib.sha256(b"").digest()
_SIZE_MAX = 2**63
_HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry, 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node over two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Return where the tree of ``size`` under ``root`` has ``leaf`` at ``index``.

    Raises UnprovenEntry, with what does not hold.
    """
    if not 0 <= index < size <= _SIZE_MAX:
        raise unproven(f"entry {index} is none of a log of {size}")
    node, last, found = index, size - 1, _hash(leaf)
    for sibling in proof:
        if last == 0:
            raise unproven("the inclusion proof is too long")
        if node & 1 or node == last:
            found = node_hash(_hash(sibling), found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, _hash(sibling))
        node, last = node >> 1, last >> 1
    if last:
        raise unproven("the inclusion proof is too short")
    if found != root:
        raise unproven("the inclusion proof does not lead to the root")


def check_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Return where the tree of ``second`` leaves has that of ``first`` as its beginning.

    Nothing can be said about an empty tree. Raises UnprovenEntry.
    """
    if first == 0:
        raise unproven("an empty log is the beginning of every log")
    check_subtree(range(first), second, proof, first_root, second_root)


def check_subtree(
    leaves: range, size: int, proof: Sequence[bytes], part_root: bytes, root: bytes
) -> None:
    """Return where ``leaves`` are under ``part_root``, and that is part of ``size`` leaves under ``root``.

    Raises UnprovenEntry.
    """
    if not leaves.stop <= size <= _SIZE_MAX:
        raise unproven(f"a log of {size} has no first {leaves.stop} entries: it shrank")
    if leaves.start == leaves.stop:
        if proof or part_root != EMPTY_ROOT:
            raise unproven("nothing has another root than nothing")
        return
    _check_range(leaves)
    part, whole = _climbed(leaves, size, [_hash(one) for one in proof], part_root)
    if (part, whole) != (part_root, root):
        which = "later" if part == part_root else "earlier"
        raise unproven(f"the consistency proof does not lead to the {which} root: the log forked")


def _climbed(leaves: range, size: int, rest: list[bytes], part_root: bytes) -> tuple[bytes, bytes]:
    """The roots that the proof leads to: of the leaves, and of the whole."""
    first, node, last = _lifted(leaves.start, leaves.stop - 1, size - 1)
    if first != node and not rest:
        raise unproven("the consistency proof is empty")
    part = whole = part_root if first == node else rest.pop(0)
    for sibling in rest:
        if last == 0:
            raise unproven("the consistency proof is too long")
        if node & 1 or node == last:
            if first < node:
                part = node_hash(sibling, part)
            whole = node_hash(sibling, whole)
            while not node & 1 and node:
                first, node, last = first >> 1, node >> 1, last >> 1
        else:
            whole = node_hash(whole, sibling)
        first, node, last = first >> 1, node >> 1, last >> 1
    if last:
        raise unproven("the consistency proof is too short")
    return part, whole


def check_subtree_inclusion(
    leaf: bytes, index: int, leaves: range, proof: Sequence[bytes], root: bytes
) -> None:
    """Return where ``leaf`` is at ``index`` under the subtree of ``leaves``. Raises UnprovenEntry."""
    _check_range(leaves)
    check_inclusion(leaf, index - leaves.start, leaves.stop - leaves.start, proof, root)


def unproven(why: str) -> UnprovenEntry:
    """The refusal of what a log does not prove."""
    return UnprovenEntry(
        f"the log does not prove it: {why}",
        remedy=Remedy("Get the original again, or ask whoever keeps the log what happened to it."),
    )


def _lifted(first: int, node: int, last: int) -> tuple[int, int, int]:
    """The three at the lowest height at which the proof says something new."""
    apart = (first ^ node).bit_length()
    shift = apart if node == last else min(apart, (~node & (node + 1)).bit_length() - 1)
    return first >> shift, node >> shift, last >> shift


def _check_range(leaves: range) -> None:
    if (
        not leaves
        or leaves.start < 0
        or leaves.start % (1 << (leaves.stop - leaves.start - 1).bit_length())
    ):
        raise unproven(f"entries {leaves.start} to {leaves.stop} are no subtree")


def _hash(value: bytes) -> bytes:
    if len(value) != _HASH_BYTES:
        raise unproven(f"a hash of {len(value)} bytes")
    return value
