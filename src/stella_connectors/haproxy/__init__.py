"""HAProxy, by its runtime API."""

from stella.sdk import Plugin
from stella_connectors.haproxy.router import HaproxyRouter

PLUGIN = Plugin(routers={"haproxy": HaproxyRouter})

__all__ = ["PLUGIN", "HaproxyRouter"]
