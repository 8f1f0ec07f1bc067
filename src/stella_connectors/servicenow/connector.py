"""Records of one table of ServiceNow: messages become some, and change tickets are read.

Source: ServiceNow REST API, Table API.

A message's key becomes the record's ``correlation_id``: the same message again finds the record that
is there.
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from stella.sdk import Connection, Json, Message, SentMessage, Severity, Ticket, time_text
from stella.sdk.message_text import fields_of, key_digest, lines, one_line, shortened
from stella.sdk.service_client import ServiceClient

_TABLE = re.compile(r"[a-z][a-z0-9_]{1,79}\Z")
_RECORD = re.compile(r"[0-9a-f]{32}\Z")
_NUMBER = re.compile(r"[A-Z]{2,10}[0-9]{4,20}\Z")
_STATUS_MAX = 100
_TICKET_FIELDS = "sys_id,number,state,approval,start_date,end_date"
# Of short_description and description, as the base system has them.
_SHORT_MAX, _DESCRIPTION_MAX = 160, 4000
_TEXT_MAX, _FIELD_MAX, _FIELDS_MAX, _URL_MAX = 1500, 150, 1800, 400
# Impact and urgency: 1 high, 2 medium, 3 low.
_WEIGHT = {Severity.PROBLEM: "2", Severity.WARNING: "3"}


def open_servicenow(connection: Connection) -> "ServiceNowTable":
    """The notifier of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return ServiceNowTable(connection)


class ServiceNowTable:
    """``stella.sdk.Notifier``: a record for each message. States of records stay people's affair."""

    def __init__(self, connection: Connection) -> None:
        config = connection.config
        self._client = ServiceClient(
            connection, "ServiceNow", may_be_plain=config.get("plain_http") is True
        )
        self._table = str(config.get("table") or "incident")
        if not _TABLE.match(self._table):
            raise self._client.refused("its table is none", "Set table, like incident.")
        self._group = str(config.get("assignment_group") or "")
        states = config.get("approved_states")
        self._approved = (
            {str(one).casefold() for one in states} if isinstance(states, list) else None
        )

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def send(self, message: Message) -> SentMessage:
        """The record that has the key, else a new one."""
        correlation = f"stella-{key_digest(message.key)}"
        found = self._find(correlation)
        if found is not None:
            return self._sent(found)
        body: dict[str, Json] = {
            **_content(message),
            "correlation_id": correlation,
            "correlation_display": "Stella",
        }
        if self._group:
            body["assignment_group"] = self._group
        return self._sent(self._ask("POST", "", body, what="record to be made"))

    def update(self, reference: str, message: Message) -> SentMessage:
        """Its short description and its description."""
        if not _RECORD.match(reference):
            raise self._client.not_there("record of that reference")
        body = _content(message)
        return self._sent(self._ask("PUT", f"/{reference}", body, what="record of that reference"))

    def ticket(self, key: str) -> Ticket:
        """A record of this table, by its number. Approved is what its ``approval`` says, or its state."""
        if not _NUMBER.match(key):
            raise self._client.not_there("record of that number")
        query = {
            "sysparm_query": f"number={key}",
            "sysparm_fields": _TICKET_FIELDS,
            "sysparm_display_value": "all",
            "sysparm_limit": "1",
        }
        records = self._records(query)
        record = records[0] if records else None
        if not isinstance(record, dict) or _said(record, "number", "value") != key:
            raise self._client.not_there(f"record {key} in {self._table}")
        state = _said(record, "state", "display_value")
        approval = _said(record, "approval", "value")
        return Ticket(
            key=key,
            url=self._sent({"sys_id": _said(record, "sys_id", "value")}).url,
            status=one_line(state or approval, _STATUS_MAX) or "-",
            is_approved=approval == "approved"
            if self._approved is None
            else state.casefold() in self._approved,
            starts_at=self._time(_said(record, "start_date", "value")),
            ends_at=self._time(_said(record, "end_date", "value")),
        )

    def _time(self, said: str) -> str:
        """``2030-01-31 08:00:00``, which the Table API gives in UTC as the value; "" for none."""
        try:
            return time_text(datetime.fromisoformat(said).replace(tzinfo=UTC)) if said else ""
        except ValueError:
            raise self._client.unreachable("a planned time of the record is none") from None

    def check(self) -> str:
        """That we may read the table; nothing is made."""
        self._find(f"stella-{key_digest('')}")
        return f"the table {self._table} lets us look for records"

    def _find(self, correlation: str) -> object:
        query = {
            "sysparm_query": f"correlation_id={correlation}",
            "sysparm_fields": "sys_id,number,correlation_id",
            "sysparm_limit": "1",
        }
        result = self._records(query)
        first = result[0] if result else None
        if not isinstance(first, dict):
            return None
        # A table without that field leaves the condition out, and gives any record.
        if first.get("correlation_id") != correlation:
            raise self._client.refused(
                f"records of {self._table} have no correlation_id",
                "Name a table that extends task, like incident or change_request.",
            )
        return first

    def _records(self, query: Mapping[str, str]) -> list[object]:
        reply = self._client.ask(
            "GET",
            f"{self._url('')}?{urlencode(query, quote_via=quote)}",
            {"Accept": "application/json", **self._login()},
        )
        if reply.status == 400:  # "Invalid table"
            raise self._client.not_there(f"table {self._table}")
        if reply.status == 404:  # which some instances say where no record fits
            return []
        self._client.refuse(reply, f"table {self._table}")
        result = reply.object.get("result")
        if not isinstance(result, list):
            raise self._client.unreachable("its answer holds no list of records")
        return result

    def _ask(self, method: str, path: str, body: Mapping[str, Json], *, what: str) -> object:
        told = self._client.json(
            method, f"api/now/table/{self._table}{path}", self._login(), dict(body), what=what
        )
        return told.get("result") if isinstance(told, dict) else None

    def _url(self, path: str) -> str:
        return self._client.url(f"api/now/table/{self._table}{path}")

    def _login(self) -> dict[str, str]:
        pair = f"{self._client.credential('username')}:{self._client.credential('password')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _sent(self, record: object) -> SentMessage:
        number = record.get("sys_id") if isinstance(record, dict) else None
        if not isinstance(number, str) or not _RECORD.match(number):
            raise self._client.unreachable("it does not say which record that is")
        page = quote(f"{self._table}.do?sys_id={number}", safe="")
        return SentMessage(number, f"{self._client.root}/nav_to.do?uri={page}")


def _said(record: Mapping[str, object], name: str, part: str) -> str:
    """Of a field in both its forms; "" where the table has it not."""
    field = record.get(name)
    said = field.get(part) if isinstance(field, dict) else None
    return said if isinstance(said, str) else ""


def _content(message: Message) -> dict[str, Json]:
    """Plain text: these fields know no markup."""
    facts = "\n".join(f"{name}: {shortened(said, _FIELD_MAX)}" for name, said in fields_of(message))
    choices = "\n".join(
        f"{one_line(one.title, 40)}: {one.url[:200]}" for one in message.choices[:2]
    )
    parts = (
        lines(message.text, _TEXT_MAX),
        shortened(facts, _FIELDS_MAX),
        choices,
        message.url if len(message.url) <= _URL_MAX else "",
    )
    weight = _WEIGHT.get(message.severity, "3")
    return {
        "short_description": one_line(message.title, _SHORT_MAX) or "-",
        "description": "\n\n".join(one for one in parts if one.strip())[:_DESCRIPTION_MAX],
        "impact": weight,
        "urgency": weight,
    }
