"""The small snapshot that the demo brings along, made by the same import as any feed."""

from importlib.resources import as_file, files
from pathlib import Path

from stella.advisory.importing import import_advisories
from stella.advisory.model import SnapshotInfo


def demo_snapshot(to: Path) -> SnapshotInfo:
    """Import the packaged records into the directory ``to``. Raises UnwritableSnapshot."""
    with as_file(files("stella.advisory") / "demo") as folder:
        return import_advisories([folder], to)
