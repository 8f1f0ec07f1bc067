"""Your title: what the entry point names."""

from stella.sdk import Plugin

from stella_plugin_your_name.model import HttpModel

PLUGIN = Plugin(language_models={"your-name": HttpModel})
"""The key is the name of the contribution in stella-plugin.json."""
