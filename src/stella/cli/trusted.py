"""Whose keys count, as a file says it: apart from what verifies with them, which takes longer to load."""

from pathlib import Path

from stella.cli.written import read
from stella.trust import TrustRoot


def read_root(path: Path | None) -> TrustRoot | None:
    """The trusted root in a file. Raises UnreadableFile, MalformedEnvelope."""
    return TrustRoot.from_json(read(path)) if path else None
