"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.change import OpenedChange

PLUGIN = Plugin(steps={"your-name": OpenedChange})
"""The key is the name of the contribution in stella-plugin.json."""
