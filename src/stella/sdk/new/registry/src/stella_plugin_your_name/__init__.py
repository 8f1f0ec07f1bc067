"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.registry import HttpRegistry

PLUGIN = Plugin(registries={"your-name": HttpRegistry})
"""The key is the name of the contribution in stella-plugin.json."""
