"""Containers on a Docker Engine."""

from stella.sdk import Plugin
from stella_connectors.docker.connector import DockerTarget

PLUGIN = Plugin(targets={"docker": DockerTarget})

__all__ = ["PLUGIN", "DockerTarget"]
