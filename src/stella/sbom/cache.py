"""Facts of layers seen before, kept by the layer's digest."""

import contextlib
import os
from pathlib import Path
from typing import Protocol

from stella.kernel import Digest
from stella.plugin.contract.registry import Descriptor
from stella.sbom.facts import READER_VERSION, LayerFacts, decode_facts, encode_facts

_PREFIX_BYTES = 64


class LayerCache(Protocol):
    """Port: bytes by name. It may forget; it must not invent."""

    def get(self, key: str) -> bytes | None:
        """What was put under ``key``, or None."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Keep ``content`` under ``key``; a failure to keep is no failure of the scan."""
        ...


class MemoryCache:
    """Keeps facts as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """What was put under ``key``, or None."""
        return self._kept.get(key)

    def put(self, key: str, content: bytes) -> None:
        """Keep ``content``."""
        self._kept[key] = content


class DirectoryCache:
    """Keeps facts in a directory, each file led by the digest of its content.

    A damaged or half-written file reads as absent. Several processes may share the directory.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, key: str) -> bytes | None:
        """What was put under ``key``, or None."""
        try:
            stored = (self._directory / key).read_bytes()
        except OSError:
            return None
        content = stored[_PREFIX_BYTES:]
        return content if Digest.of(content).hex.encode() == stored[:_PREFIX_BYTES] else None

    def put(self, key: str, content: bytes) -> None:
        """Keep ``content``; a full disk or a read-only directory only costs time."""
        import tempfile  # late: where every layer was seen before nothing is put

        with contextlib.suppress(OSError):
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._directory, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(Digest.of(content).hex.encode() + content)
                Path(name).replace(self._directory / key)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise


def cached_layer(cache: LayerCache, layer: Descriptor, diff_id: Digest) -> LayerFacts | None:
    """The layer's facts out of the cache, or None."""
    kept = cache.get(_key(layer, diff_id))
    facts = decode_facts(kept) if kept is not None else None
    is_it = facts and (facts.digest, facts.diff_id) == (layer.digest.text, diff_id.text)
    return facts if is_it else None


def keep_layer(cache: LayerCache, layer: Descriptor, diff_id: Digest, facts: LayerFacts) -> None:
    """Keep what was read of the layer."""
    cache.put(_key(layer, diff_id), encode_facts(facts))


def _key(layer: Descriptor, diff_id: Digest) -> str:
    """It names both digests, so that what is kept holds for exactly this pair."""
    return f"{layer.digest.hex}-{diff_id.hex[:16]}-{READER_VERSION}"
