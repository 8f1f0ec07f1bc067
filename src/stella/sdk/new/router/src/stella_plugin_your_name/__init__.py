"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.router import HttpRouter

PLUGIN = Plugin(routers={"your-name": HttpRouter})
"""The key is the name of the contribution in stella-plugin.json."""
