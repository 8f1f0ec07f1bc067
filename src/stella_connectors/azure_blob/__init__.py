"""Azure Blob Storage: a container as an object store, by its account's key or Microsoft Entra ID."""

from stella.sdk import Plugin
from stella_connectors.azure_blob.connector import AzureBlobStore, open_azure_blob

PLUGIN = Plugin(object_stores={"azure-blob": open_azure_blob})

__all__ = ["PLUGIN", "AzureBlobStore", "open_azure_blob"]
