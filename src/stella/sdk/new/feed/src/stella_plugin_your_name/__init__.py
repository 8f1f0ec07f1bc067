"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.feed import HttpFeed

PLUGIN = Plugin(feeds={"your-name": HttpFeed})
"""The key is the name of the contribution in stella-plugin.json."""
