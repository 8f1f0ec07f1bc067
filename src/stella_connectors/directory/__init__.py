"""A directory of the server's machine as an object store."""

from stella.sdk import Plugin
from stella_connectors.directory.connector import DirectoryStore, open_directory

PLUGIN = Plugin(object_stores={"directory": open_directory})

__all__ = ["PLUGIN", "DirectoryStore", "open_directory"]
