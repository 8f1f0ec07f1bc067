"""Jobs of HashiCorp Nomad."""

from stella.sdk import Plugin
from stella_connectors.nomad.connector import NomadTarget

PLUGIN = Plugin(targets={"nomad": NomadTarget})

__all__ = ["PLUGIN", "NomadTarget"]
