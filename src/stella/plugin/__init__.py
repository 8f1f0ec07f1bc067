"""What a plugin is, how it is found, and why one is refused."""

from stella.plugin.load import Plugins, RefusedPlugin, load_plugins, refusals

__all__ = ["Plugins", "RefusedPlugin", "load_plugins", "refusals"]
