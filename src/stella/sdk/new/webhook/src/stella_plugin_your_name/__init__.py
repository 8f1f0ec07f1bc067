"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.webhook import BuildsWebhook

PLUGIN = Plugin(webhooks={"your-name": BuildsWebhook})
"""The key is the name of the contribution in stella-plugin.json."""
