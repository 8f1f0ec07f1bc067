"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.sources import HttpSources

PLUGIN = Plugin(scms={"your-name": HttpSources})
"""The key is the name of the contribution in stella-plugin.json."""
