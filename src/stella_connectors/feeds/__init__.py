"""Advisory feeds by HTTP: single files of publishers, and mirrors that list what they hold."""

from stella.sdk import Plugin
from stella_connectors.feeds.feed import HttpFeed

PLUGIN = Plugin(feeds={"http-feed": HttpFeed})

__all__ = ["PLUGIN", "HttpFeed"]
