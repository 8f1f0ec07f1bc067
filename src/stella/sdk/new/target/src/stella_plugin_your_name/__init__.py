"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.target import ContainerTarget

PLUGIN = Plugin(targets={"your-name": ContainerTarget})
"""The key is the name of the contribution in stella-plugin.json."""
