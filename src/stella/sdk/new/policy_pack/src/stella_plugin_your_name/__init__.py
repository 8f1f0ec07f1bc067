"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.pack import Pack

PLUGIN = Plugin(policy_packs={"your-name": Pack})
"""The key is the name of the contribution in stella-plugin.json."""
