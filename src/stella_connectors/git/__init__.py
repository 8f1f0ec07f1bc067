"""Any git server, over HTTP and SSH."""

from stella.sdk import Plugin
from stella_connectors.git.connector import GitScm, open_git

PLUGIN = Plugin(scms={"git": open_git})

__all__ = ["PLUGIN", "GitScm", "open_git"]
