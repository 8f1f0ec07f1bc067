"""What a plugin is, how it is found, and why one is refused."""

from typing import TYPE_CHECKING

from stella.kernel.door import late

if TYPE_CHECKING:
    from stella.plugin.installed import installed_plugin
    from stella.plugin.load import Plugins, RefusedPlugin, load_plugins

__all__ = ["Plugins", "RefusedPlugin", "installed_plugin", "load_plugins"]

__getattr__ = late(
    __name__,
    {
        "installed": "installed_plugin",
        "load": "Plugins RefusedPlugin load_plugins",
    },
)
