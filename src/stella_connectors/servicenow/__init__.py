"""ServiceNow: records of a table as a notifier."""

from stella.sdk import Plugin
from stella_connectors.servicenow.connector import ServiceNowTable, open_servicenow

PLUGIN = Plugin(notifiers={"servicenow": open_servicenow})

__all__ = ["PLUGIN", "ServiceNowTable", "open_servicenow"]
