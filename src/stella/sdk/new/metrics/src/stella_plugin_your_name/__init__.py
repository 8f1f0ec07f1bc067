"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.source import HttpMetrics

PLUGIN = Plugin(metric_sources={"your-name": HttpMetrics})
"""The key is the name of the contribution in stella-plugin.json."""
