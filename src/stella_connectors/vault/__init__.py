"""HashiCorp Vault, OpenBao, and what speaks their API."""

from stella.sdk import Plugin
from stella_connectors.vault.connector import VaultStore, open_vault

PLUGIN = Plugin(secret_stores={"vault": open_vault})

__all__ = ["PLUGIN", "VaultStore", "open_vault"]
