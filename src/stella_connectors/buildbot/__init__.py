"""Buildbot: builds begun by a force scheduler."""

from stella.sdk import Plugin
from stella_connectors.buildbot.connector import Buildbot, open_buildbot

PLUGIN = Plugin(cis={"buildbot": open_buildbot})

__all__ = ["PLUGIN", "Buildbot", "open_buildbot"]
