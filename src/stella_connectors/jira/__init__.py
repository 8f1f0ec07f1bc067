"""Jira Cloud: issues of a project as a notifier."""

from stella.sdk import Plugin
from stella_connectors.jira.connector import JiraProject, open_jira

PLUGIN = Plugin(notifiers={"jira": open_jira})

__all__ = ["PLUGIN", "JiraProject", "open_jira"]
