"""Issues of one project of Jira Cloud as a notifier. Source: Jira Cloud platform REST API, version 3.

A message's key becomes a label: the same message again finds the issue that is there. Jira's search is
a moment behind its issues, so that two of one key in the same second may become two.
"""

import base64
import json
import re

from stella.sdk import Connection, Json, Message, SentMessage
from stella.sdk.message_text import key_digest, one_line
from stella.sdk.service_client import ServiceClient
from stella_connectors.jira.document import document_of

_PROJECT = re.compile(r"[A-Z][A-Z0-9_]{1,19}\Z")
_ISSUE = re.compile(r"[A-Z][A-Z0-9_]{1,19}-[1-9][0-9]{0,11}\Z")
_SUMMARY_MAX = 250


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


def _content(message: Message) -> dict[str, Json]:
    summary = one_line(message.title, _SUMMARY_MAX) or "-"
    return {"summary": summary, "description": document_of(message)}
