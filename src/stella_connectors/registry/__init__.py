"""Any registry that speaks the OCI distribution specification."""

from stella.sdk import SDK_VERSION, Capability, Manifest, Plugin
from stella_connectors.registry.connector import OciRegistry, open_registry

MANIFEST = Manifest(
    name="registry",
    version="1.0.0",
    publisher="stella",
    sdk=SDK_VERSION,
    needs=frozenset({Capability.NETWORK, Capability.READ_SECRET}),
    config_schema={
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": ["host"],
        "properties": {
            "host": {"type": "string", "minLength": 1, "description": "name[:port]"},
            "plain_http": {"type": "boolean", "default": False},
            "username": {"type": "string"},
            "password": {"type": "string", "description": "A secret reference."},
            "ca_file": {"type": "string", "description": "PEM file of an own authority."},
            "timeout_s": {"type": "integer", "minimum": 1, "maximum": 600, "default": 30},
        },
    },
)

PLUGIN = Plugin(manifest=MANIFEST, registries={"oci": open_registry})

__all__ = ["MANIFEST", "PLUGIN", "OciRegistry", "open_registry"]
