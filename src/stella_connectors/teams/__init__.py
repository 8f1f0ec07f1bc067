"""Microsoft Teams: a channel's webhook of Workflows as a notifier."""

from stella.sdk import Plugin
from stella_connectors.teams.connector import TeamsChannel, open_teams

PLUGIN = Plugin(notifiers={"teams": open_teams})

__all__ = ["PLUGIN", "TeamsChannel", "open_teams"]
