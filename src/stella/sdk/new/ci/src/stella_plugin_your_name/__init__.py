"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.builds import HttpBuilds

PLUGIN = Plugin(cis={"your-name": HttpBuilds})
"""The key is the name of the contribution in stella-plugin.json."""
