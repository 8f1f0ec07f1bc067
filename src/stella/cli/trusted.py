"""Whose keys count, as a file says it: apart from what verifies with them, which takes longer to load."""

from collections.abc import Iterable
from pathlib import Path

from stella.cli.written import read
from stella.trust import PublicKey, TrustRoot, load_public_key


def read_root(path: Path | None) -> TrustRoot | None:
    """The trusted root in a file. Raises UnreadableFile, MalformedEnvelope."""
    return TrustRoot.from_json(read(path)) if path else None


def named_keys(keys: Iterable[Path] | None, trusted_root: Path | None) -> list[PublicKey]:
    """Those in the files, then those of the root; none where neither is named. Raises as both do."""
    root = read_root(trusted_root)
    return [*map(load_public_key, keys or ()), *(root.keys.values() if root else ())]
