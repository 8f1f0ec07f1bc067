"""Any registry that speaks the OCI distribution specification."""

from stella.sdk import Plugin
from stella_connectors.registry.connector import OciRegistry, open_registry

PLUGIN = Plugin(registries={"oci": open_registry})

__all__ = ["PLUGIN", "OciRegistry", "open_registry"]
