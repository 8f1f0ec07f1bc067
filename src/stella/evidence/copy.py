"""Copies packets to where big bytes lie outside: once, and never over another one."""

import re
from dataclasses import dataclass

from stella.evidence.errors import CopyDiffers
from stella.evidence.names import TRUSTED_ROOT
from stella.evidence.packet import FILE_SUFFIX
from stella.evidence.store import Kept
from stella.kernel import Digest, Remedy
from stella.plugin.contract.object_store import ObjectStore

FOLDER = "evidence"
_NO_PART_OF_A_KEY = re.compile(r"[^A-Za-z0-9._-]")
_NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class Copied:
    """key: of the object. is_new: whether it was put there now; else the same bytes lay there."""

    key: str
    is_new: bool


def copy_packet(store: ObjectStore, kept: Kept, content: bytes, root: bytes) -> Copied:
    """Put it there, and the trusted root of this installation beside it, as it was at the first time.

    content: its bytes. Raises CopyDiffers where something else lies under its key, which stays as it
    is; what the store raises.
    """
    assert Digest.of(content).text == kept.digest, (
        "bytes of the locker are verified when they are read"
    )
    key = object_key(kept)
    is_new = store.put_new(key, content)
    if not is_new and not _is_there(store, key, kept.digest, len(content)):
        raise CopyDiffers(
            f"under {key} lies something else than the packet {kept.id}",
            remedy=Remedy("See who put it there; move it away, and copy again."),
            packet=kept.id,
            key=key,
        )
    # Nor is a root replaced: another installation's packets rest on theirs, and a store may forbid it.
    store.put_new(f"{FOLDER}/{kept.id}/{TRUSTED_ROOT}", root)
    return Copied(key, is_new)


def object_key(kept: Kept) -> str:
    """Under which a packet lies: by its id, with its name for people."""
    name = _NO_PART_OF_A_KEY.sub("_", kept.name)[:_NAME_MAX].lstrip(".") or "packet"
    return f"{FOLDER}/{kept.id}/{name}{FILE_SUFFIX}"


def _is_there(store: ObjectStore, key: str, digest: str, size: int) -> bool:
    """Whether those bytes lie under the key; of more than were asked for no more is read."""
    content = bytearray()
    with store.get(key) as chunks:
        for chunk in chunks:
            content += chunk
            if len(content) > size:
                return False
    return Digest.of(bytes(content)).text == digest
