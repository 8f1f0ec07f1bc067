"""Observations: what feeds said, kept as it came, revision by revision."""

from stella.advisory.observation.bundle import (
    Manifest,
    apply_bundle,
    create_bundle,
    read_manifest,
)
from stella.advisory.observation.model import (
    Bringing,
    FeedChange,
    FeedState,
    Observation,
    Progress,
    Synced,
)
from stella.advisory.observation.store import Observations
from stella.advisory.observation.sync import ReadDocument, read_advisories, sync_feed

__all__ = [
    "Bringing",
    "FeedChange",
    "FeedState",
    "Manifest",
    "Observation",
    "Observations",
    "Progress",
    "ReadDocument",
    "Synced",
    "apply_bundle",
    "create_bundle",
    "read_advisories",
    "read_manifest",
    "sync_feed",
]
