"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.provider import HttpProvider

PLUGIN = Plugin(identity_providers={"your-name": HttpProvider})
"""The key is the name of the contribution in stella-plugin.json."""
