"""Google Secret Manager as a secret store, let in by a service account's key."""

from stella.sdk import Plugin
from stella_connectors.gcp_secret_manager.connector import GcpSecretManager, open_secret_manager

PLUGIN = Plugin(secret_stores={"gcp-sm": open_secret_manager})

__all__ = ["PLUGIN", "GcpSecretManager", "open_secret_manager"]
