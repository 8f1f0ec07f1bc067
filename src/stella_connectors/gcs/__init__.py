"""Google Cloud Storage: a bucket as an object store, let in by a service account's key."""

from stella.sdk import Plugin
from stella_connectors.gcs.connector import GcsStore, open_gcs

PLUGIN = Plugin(object_stores={"gcs": open_gcs})

__all__ = ["PLUGIN", "GcsStore", "open_gcs"]
