"""A program that listens: a POST, signed as Standard Webhooks says."""

from stella.sdk import Plugin
from stella_connectors.webhook_out.connector import SignedWebhook, open_webhook_out

PLUGIN = Plugin(notifiers={"webhook-out": open_webhook_out})

__all__ = ["PLUGIN", "SignedWebhook", "open_webhook_out"]
