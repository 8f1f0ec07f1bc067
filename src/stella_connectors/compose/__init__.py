"""Compose projects on a Docker Engine."""

from stella.sdk import Plugin
from stella_connectors.compose.connector import ComposeTarget
from stella_connectors.compose.lock import LOCK_FILE

PLUGIN = Plugin(targets={"compose": ComposeTarget})

__all__ = ["LOCK_FILE", "PLUGIN", "ComposeTarget"]
