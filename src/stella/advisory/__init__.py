"""What is known to be bad? Feeds -> records -> frozen snapshots."""

from stella.advisory.affected import Judged, judge, why_not
from stella.advisory.demonstration import demo_snapshot
from stella.advisory.importing import import_advisories
from stella.advisory.model import (
    SEVERITIES,
    FeedAge,
    Import,
    Package,
    Rating,
    Record,
    Skipped,
    Snapshot,
    SnapshotInfo,
    Span,
)
from stella.advisory.packages import ecosystem_of, language_package, modular_name
from stella.advisory.slice import SnapshotSlice, parse_slice
from stella.advisory.snapshot import SUFFIX, StoredSnapshot, open_snapshot
from stella.advisory.versions import package_name, scheme_of, version_key, without_rebuild

__all__ = [
    "SEVERITIES",
    "SUFFIX",
    "FeedAge",
    "Import",
    "Judged",
    "Package",
    "Rating",
    "Record",
    "Skipped",
    "Snapshot",
    "SnapshotInfo",
    "SnapshotSlice",
    "Span",
    "StoredSnapshot",
    "demo_snapshot",
    "ecosystem_of",
    "import_advisories",
    "judge",
    "language_package",
    "modular_name",
    "open_snapshot",
    "package_name",
    "parse_slice",
    "scheme_of",
    "version_key",
    "why_not",
    "without_rebuild",
]
