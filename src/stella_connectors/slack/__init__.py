"""Slack: a channel as a notifier, with buttons."""

from stella.sdk import Plugin
from stella_connectors.slack.connector import SlackChannel, open_slack

PLUGIN = Plugin(notifiers={"slack": open_slack})

__all__ = ["PLUGIN", "SlackChannel", "open_slack"]
