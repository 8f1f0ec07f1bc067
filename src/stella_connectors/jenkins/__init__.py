"""Jenkins: builds of jobs with parameters."""

from stella.sdk import Plugin
from stella_connectors.jenkins.connector import Jenkins, open_jenkins

PLUGIN = Plugin(cis={"jenkins": open_jenkins})

__all__ = ["PLUGIN", "Jenkins", "open_jenkins"]
