"""What a plugin is, how it is found, and why one is refused."""

from stella.plugin.installed import installed_plugin
from stella.plugin.load import Plugins, RefusedPlugin, load_plugins, refusals

__all__ = ["Plugins", "RefusedPlugin", "installed_plugin", "load_plugins", "refusals"]
