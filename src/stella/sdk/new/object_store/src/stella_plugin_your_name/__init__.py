"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.store import HttpObjects

PLUGIN = Plugin(object_stores={"your-name": HttpObjects})
"""The key is the name of the contribution in stella-plugin.json."""
