"""Observations: what feeds said, kept as it came, revision by revision."""

from stella.advisory.observation.model import (
    Bringing,
    FeedState,
    Observation,
    Progress,
    Synced,
)
from stella.advisory.observation.store import Observations
from stella.advisory.observation.sync import sync_feed

__all__ = [
    "Bringing",
    "FeedState",
    "Observation",
    "Observations",
    "Progress",
    "Synced",
    "sync_feed",
]
