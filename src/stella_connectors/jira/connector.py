"""Issues of one project of Jira Cloud: messages become some, and change tickets are read.

Source: Jira Cloud platform REST API, version 3.

A message's key becomes a label: the same message again finds the issue that is there. Jira's search is
a moment behind its issues, so that two of one key in the same second may become two.
"""

import base64
import json
import re
from datetime import UTC, datetime

from stella.sdk import Connection, Json, Message, SentMessage, Ticket, time_text
from stella.sdk.message_text import key_digest, one_line
from stella.sdk.service_client import ServiceClient
from stella_connectors.jira.document import document_of

_PROJECT = re.compile(r"[A-Z][A-Z0-9_]{1,19}\Z")
_ISSUE = re.compile(r"[A-Z][A-Z0-9_]{1,19}-[1-9][0-9]{0,11}\Z")
_FIELD = re.compile(r"[a-z][a-zA-Z0-9_]{0,99}\Z")
_SUMMARY_MAX = 250
_STATUS_MAX = 100


def open_jira(connection: Connection) -> "JiraProject":
    """The notifier of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return JiraProject(connection)


class JiraProject:
    """``stella.sdk.Notifier``: an issue for each message. States of issues stay people's affair."""

    def __init__(self, connection: Connection) -> None:
        config = connection.config
        self._client = ServiceClient(
            connection, "Jira", may_be_plain=config.get("plain_http") is True
        )
        self._project, self._type = str(config.get("project") or ""), config.get("issue_type")
        if not _PROJECT.match(self._project):
            raise self._client.refused("it has no project", "Set project to its key, like OPS.")
        self._approved = _words(config.get("approved_statuses"))
        self._window = tuple(str(config.get(one) or "") for one in ("start_field", "end_field"))
        if any(one and not _FIELD.match(one) for one in self._window):
            raise self._client.refused("a field is none", "Name fields like customfield_10050.")

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def send(self, message: Message) -> SentMessage:
        """The issue that has the key's label, else a new one."""
        label = f"stella-{key_digest(message.key)}"
        found = self._find(label)
        if found is not None:
            return self._sent(found)
        fields: dict[str, Json] = {
            "project": {"key": self._project},
            "issuetype": {"name": str(self._type or "Task")},
            "labels": ["stella", label],
            **_content(message),
        }
        made = self._ask("POST", "issue", {"fields": fields}, what="issue to be made")
        return self._sent(made.get("key"))

    def update(self, reference: str, message: Message) -> SentMessage:
        """Its summary and its description."""
        if not _ISSUE.match(reference):
            raise self._client.not_there("issue of that reference")
        body: Json = {"fields": _content(message)}
        self._ask("PUT", f"issue/{reference}", body, what=f"issue {reference}")
        return self._sent(reference)

    def ticket(self, key: str) -> Ticket:
        """An issue of this project, by its key."""
        if not _ISSUE.match(key) or key.rpartition("-")[0] != self._project:
            raise self._client.not_there("issue of that key in this project")
        fields = ",".join(["status", *filter(None, self._window)])
        told = self._ask("GET", f"issue/{key}?fields={fields}", what=f"issue {key}")
        said = told.get("fields")
        status = said.get("status") if isinstance(said, dict) else None
        name = status.get("name") if isinstance(status, dict) else None
        # An issue that was moved is answered under its new key, perhaps of another project.
        if told.get("key") != key:
            raise self._client.not_there(f"issue {key} in this project any more")
        if not isinstance(said, dict) or not isinstance(name, str) or not name:
            raise self._client.unreachable("it does not say how the issue stands")
        starts_at, ends_at = (self._time(said.get(one)) if one else "" for one in self._window)
        return Ticket(
            key=key,
            url=f"{self._client.root}/browse/{key}",
            status=one_line(name, _STATUS_MAX),
            is_approved=name.casefold() in self._approved,
            starts_at=starts_at,
            ends_at=ends_at,
        )

    def _time(self, said: object) -> str:
        """``2030-01-31T08:00:00.000+0100`` as a time of ours; "" where the field is empty."""
        if said is None:
            return ""
        try:
            return time_text(datetime.strptime(str(said), "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC))
        except ValueError:
            raise self._client.refused(
                "a field of the planned time holds no time",
                "Name fields of the type date and time.",
            ) from None

    def check(self) -> str:
        """Who we are, and that the project is there."""
        name = self._ask("GET", "myself", what="look at our own account").get("displayName")
        if not isinstance(name, str) or not one_line(name, 100):
            raise self._client.unreachable("it does not say who we are")
        self._ask("GET", f"project/{self._project}", what=f"project {self._project}")
        return f"{one_line(name, 100)}, making issues in {self._project}"

    def _find(self, label: str) -> object:
        body: Json = {
            "jql": f'project = "{self._project}" AND labels = "{label}" ORDER BY created',
            "fields": ["summary"],
            "maxResults": 1,
        }
        reply = self._client.ask(
            "POST",
            self._client.url("rest/api/3/search/jql"),
            {"Accept": "application/json", "Content-Type": "application/json", **self._login()},
            json.dumps(body).encode(),
        )
        if reply.status == 400:  # a project that nobody has is a question that cannot be asked
            raise self._client.not_there(f"project {self._project}")
        self._client.refuse(reply, "search for issues")
        issues = reply.object.get("issues")
        if not isinstance(issues, list):
            raise self._client.unreachable("its answer holds no list of issues")
        first = issues[0] if issues else None
        return first.get("key") if isinstance(first, dict) else None

    def _ask(self, method: str, path: str, body: Json = None, *, what: str) -> dict[str, object]:
        told = self._client.json(method, f"rest/api/3/{path}", self._login(), body, what=what)
        if told is None and method == "PUT":
            return {}
        if not isinstance(told, dict):
            raise self._client.unreachable("its answer is none of Jira")
        return dict(told)

    def _login(self) -> dict[str, str]:
        pair = f"{self._client.credential('email')}:{self._client.credential('token')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _sent(self, key: object) -> SentMessage:
        if not isinstance(key, str) or not _ISSUE.match(key):
            raise self._client.unreachable("it does not say which issue that is")
        return SentMessage(key, f"{self._client.root}/browse/{key}")


def _words(listed: object) -> frozenset[str]:
    return (
        frozenset(str(one).casefold() for one in listed)
        if isinstance(listed, list)
        else frozenset()
    )


def _content(message: Message) -> dict[str, Json]:
    summary = one_line(message.title, _SUMMARY_MAX) or "-"
    return {"summary": summary, "description": document_of(message)}
