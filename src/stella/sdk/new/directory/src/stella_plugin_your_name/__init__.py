"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.people import HttpDirectory

PLUGIN = Plugin(directories={"your-name": HttpDirectory})
"""The key is the name of the contribution in stella-plugin.json."""
