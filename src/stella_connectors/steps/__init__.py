"""Steps of deployments."""

from stella.sdk import Plugin
from stella_connectors.steps.http_check import HttpCheck

PLUGIN = Plugin(steps={"http-check": HttpCheck})

__all__ = ["PLUGIN", "HttpCheck"]
