"""Azure Key Vault as a secret store, let in by Microsoft Entra ID."""

from stella.sdk import Plugin
from stella_connectors.azure_key_vault.connector import AzureKeyVault, open_key_vault

PLUGIN = Plugin(secret_stores={"azure-kv": open_key_vault})

__all__ = ["PLUGIN", "AzureKeyVault", "open_key_vault"]
