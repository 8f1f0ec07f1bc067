"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.channel import HttpChannel

PLUGIN = Plugin(notifiers={"your-name": HttpChannel})
"""The key is the name of the contribution in stella-plugin.json."""
