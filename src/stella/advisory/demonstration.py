"""A small snapshot of real records that ships with the product: what the demonstration matches.

Ids, ranges and vectors are facts of the public databases (PyPA, GHSA, Debian, CISA); the sentences
are ours. It knows a dozen vulnerabilities and is no feed to rely on.
"""

from importlib.resources import as_file, files
from pathlib import Path

from stella.advisory.importing import import_advisories
from stella.advisory.model import SnapshotInfo


def demo_snapshot(to: Path) -> SnapshotInfo:
    """Make the snapshot in the directory ``to``, by the same road as any feed."""
    with as_file(files("stella.advisory") / "demo") as feed:
        return import_advisories([feed], to)
