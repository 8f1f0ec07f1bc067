"""Compose projects on a Docker Engine."""

from stella.sdk import SDK_VERSION, Capability, Manifest, Plugin
from stella_connectors.compose.connector import ComposeTarget
from stella_connectors.compose.lock import CONFIG_SCHEMA, LOCK_FILE

MANIFEST = Manifest(
    name="compose",
    version="1.0.0",
    publisher="stella",
    sdk=SDK_VERSION,
    needs=frozenset({Capability.DOCKER, Capability.FILES, Capability.RUN_COMMAND}),
    config_schema=CONFIG_SCHEMA,
    timeout_s=1800,
)

PLUGIN = Plugin(manifest=MANIFEST, targets={"compose": ComposeTarget})

__all__ = ["LOCK_FILE", "MANIFEST", "PLUGIN", "ComposeTarget"]
