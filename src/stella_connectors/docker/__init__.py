"""Containers on a Docker Engine."""

from stella.sdk import SDK_VERSION, Capability, Manifest, Plugin
from stella_connectors.docker.connector import DockerTarget
from stella_connectors.docker.settings import CONFIG_SCHEMA

MANIFEST = Manifest(
    name="docker",
    version="1.0.0",
    publisher="stella",
    sdk=SDK_VERSION,
    needs=frozenset({Capability.DOCKER, Capability.FILES, Capability.RUN_COMMAND}),
    config_schema=CONFIG_SCHEMA,
    timeout_s=1800,
)

PLUGIN = Plugin(manifest=MANIFEST, targets={"docker": DockerTarget})

__all__ = ["MANIFEST", "PLUGIN", "DockerTarget"]
