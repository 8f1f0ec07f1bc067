"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.clock import ClockCheck

PLUGIN = Plugin(checks={"your-name": ClockCheck})
"""The key is the name of the contribution in stella-plugin.json."""
