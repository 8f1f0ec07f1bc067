"""Mail: a message to a list of addresses."""

from stella.sdk import Plugin
from stella_connectors.smtp.connector import Mailbox, open_smtp

PLUGIN = Plugin(notifiers={"smtp": open_smtp})

__all__ = ["PLUGIN", "Mailbox", "open_smtp"]
