"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.store import HttpStore

PLUGIN = Plugin(secret_stores={"your-name": HttpStore})
"""The key is the name of the contribution in stella-plugin.json."""
