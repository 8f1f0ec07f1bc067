# ruff: noqa: ARG002, PLR0911 - the shapes of the served libraries, one line an answer
"""Services that tell people, played by their documented API.

Each keeps what it was told as its people read it. A request that the API would refuse is refused.
"""

import base64
import contextlib
import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from connectors.registries import Answer, played_registry


@dataclass
class Service:
    """messages: reference -> what is read of it, oldest first. requests: as they came."""

    endpoint: str = ""
    messages: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self) -> tuple[str, ...]:
        return tuple(self.messages.values())

    def play(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        named = {name.lower(): text for name, text in headers.items()}
        document = json.loads(body) if body else None
        with self.lock:
            self.requests.append((method, path, document))
            status, answer = self.answer(method, path, named, body, document)
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return Answer(status, content, {"content-type": "application/json"})

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, document: Any
    ) -> tuple[int, object]:
        """Status and answer: JSON, or bytes."""
        raise NotImplementedError

    @contextlib.contextmanager
    def served(self) -> Iterator[Any]:
        with played_registry(self.play) as host:
            self.endpoint = f"http://{host}"
            yield self


# ---------------------------------------------------------------- a receiver of webhooks


@dataclass
class Receiver(Service):
    """Verifies with the library of Standard Webhooks itself."""

    secret: str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, document: Any
    ) -> tuple[int, object]:
        if path != "/hooks/stella":
            return 404, b""
        if method != "POST":
            return 405, b""
        try:
            Webhook(self.secret).verify(body, dict(headers))
        except WebhookVerificationError:
            return 401, b""
        data = document["data"]
        assert (document["type"], set(document)) == (
            "stella.message",
            {"type", "timestamp", "data"},
        )
        choices = [f"{one['title']} {one['url']}" for one in data["choices"]]
        facts = [f"{name}: {text}" for name, text in data["fields"].items()]
        text = "\n".join([data["title"], data["text"], *facts, *choices, data["url"]])
        self.messages.setdefault(headers["webhook-id"], text)
        return 204, b""


# ---------------------------------------------------------------- Slack


@dataclass
class Slack(Service):
    """One workspace with one channel that the bot is in; limits as "Reference: blocks" has them."""

    token: str = "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy"
    channel: str = "C0123456789"

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, document: Any
    ) -> tuple[int, object]:
        if method != "POST" or not path.startswith("/api/"):
            return 404, b""
        assert headers["content-type"].startswith("application/json")
        if headers.get("authorization") != f"Bearer {self.token}":
            return 200, {"ok": False, "error": "invalid_auth"}
        name = path.removeprefix("/api/")
        if name == "auth.test":
            names = {"team": "Acme", "user": "stella", "team_id": "T0123", "user_id": "U0123"}
            return 200, {"ok": True, "url": "https://acme.slack.com/", **names, "bot_id": "B0123"}
        if name not in {"chat.postMessage", "chat.update"}:
            return 200, {"ok": False, "error": "unknown_method"}
        if document["channel"] != self.channel:
            return 200, {"ok": False, "error": "channel_not_found"}
        if not self._are_blocks(document["blocks"]):
            return 200, {"ok": False, "error": "invalid_blocks"}
        assert (document["mrkdwn"], document["parse"], document["link_names"]) == (
            False,
            "none",
            False,
        )
        at = document["ts"] if name == "chat.update" else f"1764038400.{len(self.messages):06}"
        if name == "chat.update" and at not in self.messages:
            return 200, {"ok": False, "error": "message_not_found"}
        self.messages[at] = "\n".join(_read_block(one) for one in document["blocks"])
        told = {"channel": self.channel, "ts": at, "text": document["text"]}
        return 200, {"ok": True, **told, "message": {"type": "message", "bot_id": "B0123"}}

    def _are_blocks(self, blocks: list[Any]) -> bool:
        def fits(text: Any, most: int) -> bool:
            return text["type"] == "plain_text" and 1 <= len(text["text"]) <= most

        for one in blocks:
            if one["type"] == "header":
                good = fits(one["text"], 150)
            elif one["type"] == "section":
                fields = one.get("fields", [])
                good = len(fields) <= 10 and all(fits(text, 2000) for text in fields)
                good = good and (bool(fields) or fits(one["text"], 3000))
            else:
                assert one["type"] == "actions"
                buttons = one["elements"]
                ids = [button["action_id"] for button in buttons]
                good = 1 <= len(buttons) <= 25 and len(set(ids)) == len(ids)
                good = good and all(
                    fits(button["text"], 75)
                    and len(button.get("value", "")) <= 2000
                    and len(button.get("url", "")) <= 3000
                    and len(button["action_id"]) <= 255
                    for button in buttons
                )
            if not good:
                return False
        return 1 <= len(blocks) <= 50


def _read_block(block: Mapping[str, Any]) -> str:
    if block["type"] == "actions":
        return "\n".join(
            f"{_unescaped(one['text']['text'])} {one.get('url', '')}" for one in block["elements"]
        )
    texts = block.get("fields") or [block["text"]]
    return "\n".join(_unescaped(one["text"]) for one in texts)


def _unescaped(text: str) -> str:
    """As Slack reads text; what it would take for a mention or a link stands out."""
    read = re.sub(r"<([^>]*)>", r"[[special \1]]", text)
    return read.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# ---------------------------------------------------------------- Microsoft Teams


@dataclass
class Teams(Service):
    """The webhook of a workflow: its signature is in its URL."""

    query: str = "api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=aGVsbG8td29ybGQt"
    path: str = "/workflows/1b2c3d/triggers/manual/paths/invoke"

    @property
    def url(self) -> str:
        return f"{self.endpoint}{self.path}?{self.query}"

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, document: Any
    ) -> tuple[int, object]:
        if method == "HEAD":
            return 404, b""
        at, _, query = path.partition("?")
        if at != self.path:
            return 404, {"error": {"code": "WorkflowNotFound", "message": "not found"}}
        if query != self.query:
            return 401, {"error": {"code": "DirectApiAuthorizationRequired", "message": "no"}}
        if len(body) > 28 * 1024:
            return 413, {"error": {"code": "RequestEntityTooLarge", "message": "too large"}}
        (attached,) = document["attachments"]
        card = attached["content"]
        assert (document["type"], attached["contentType"], card["type"], card["version"]) == (
            "message",
            "application/vnd.microsoft.card.adaptive",
            "AdaptiveCard",
            "1.4",
        )
        read = ["".join(_run(one) for one in block["inlines"]) for block in card["body"]]
        assert all(block["type"] == "RichTextBlock" for block in card["body"])
        assert all(one["type"] == "Action.OpenUrl" for one in card["actions"])
        assert len(card["actions"]) <= 6
        read += [f"{one['title']} {one['url']}" for one in card["actions"]]
        self.messages[str(len(self.messages))] = "\n".join(read)
        return 202, b""


def _run(run: Mapping[str, Any]) -> str:
    """A TextRun, which knows no Markdown."""
    assert run["type"] == "TextRun"
    assert isinstance(run["text"], str)
    return run["text"]


# ---------------------------------------------------------------- Jira


@dataclass
class Jira(Service):
    """One project, OPS, in the form of the REST API, version 3."""

    login: str = "stella@example.com:ATATT3xFfGF0-s3cr3t"
    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def seen(self) -> tuple[str, ...]:
        return tuple(
            f"{one['summary']}\n{_read_document(one['description'])}"
            for one in self.issues.values()
        )

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, document: Any
    ) -> tuple[int, object]:
        if headers.get("authorization") != _basic(self.login):
            return 401, {"errorMessages": ["Client must be authenticated"], "errors": {}}
        name = path.removeprefix("/rest/api/3/")
        if name == "myself":
            return 200, {"accountId": "5b10", "displayName": "Stella", "active": True}
        if name.startswith("project/"):
            return (200, {"id": "10000", "key": "OPS"}) if name == "project/OPS" else (404, {})
        if name == "search/jql":
            return self._search(document)
        if name == "issue" and method == "POST":
            return self._make(document["fields"])
        if method == "GET" and name.startswith("issue/"):
            return self._tell(*name.removeprefix("issue/").partition("?fields=")[::2])
        key = name.removeprefix("issue/")
        if method == "PUT" and key in self.issues:
            self.issues[key] |= _checked(document["fields"])
            return 204, b""
        return 404, {"errorMessages": ["Issue does not exist or you do not have permission"]}

    def _tell(self, key: str, fields: str) -> tuple[int, object]:
        if key not in self.changes:
            return 404, {"errorMessages": ["Issue does not exist or you do not have permission"]}
        held = {"status": {"name": "To Do", "statusCategory": {"key": "new"}}, **self.changes[key]}
        told = {one: held.get(one) for one in fields.split(",")}
        return 200, {"id": "10002", "key": key, "fields": told}

    def _search(self, document: Any) -> tuple[int, object]:
        found = re.fullmatch(
            r'project = "([A-Z]+)" AND labels = "([a-z0-9-]+)" ORDER BY created', document["jql"]
        )
        assert found
        if found[1] != "OPS":
            told = f"The value '{found[1]}' does not exist for the field 'project'."
            return 400, {"errorMessages": [told], "warningMessages": []}
        keys = [key for key, one in self.issues.items() if found[2] in one["labels"]]
        issues = [{"id": "1", "key": key, "fields": {}} for key in keys[: document["maxResults"]]]
        return 200, {"issues": issues, "isLast": True}

    def _make(self, fields: Any) -> tuple[int, object]:
        assert fields["project"] == {"key": "OPS"}
        assert fields["issuetype"] == {"name": "Task"}
        assert all(re.fullmatch(r"\S{1,255}", one) for one in fields["labels"])
        key = f"OPS-{len(self.issues) + 1}"
        self.issues[key] = dict(_checked(fields))
        return 201, {"id": "10001", "key": key, "self": f"{self.endpoint}/rest/api/3/issue/10001"}


def _checked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    assert 1 <= len(fields["summary"]) <= 255
    assert "\n" not in fields["summary"]
    assert fields["description"]["version"] == 1
    assert len(_read_document(fields["description"])) <= 32_767
    return fields


def _read_document(node: Mapping[str, Any]) -> str:
    """ADF: text as it stands, a paragraph a line."""
    if node["type"] == "text":
        assert node["text"], "a text node is never empty"
        marks = {one["type"]: one.get("attrs", {}) for one in node.get("marks", [])}
        assert marks.get("link", {}).get("href", node["text"]) == node["text"]
        return str(node["text"])
    inner = [_read_document(one) for one in node["content"]]
    return "\n".join(inner) if node["type"] == "doc" else "".join(inner)


def _basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


# ---------------------------------------------------------------- ServiceNow


@dataclass
class ServiceNow(Service):
    """The table ``incident`` in the form of the Table API."""

    login: str = "stella:correct-horse-battery"
    records: dict[str, dict[str, str]] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def seen(self) -> tuple[str, ...]:
        return tuple(
            f"{one['short_description']}\n{one['description']}" for one in self.records.values()
        )

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, document: Any
    ) -> tuple[int, object]:
        if headers.get("authorization") != _basic(self.login):
            return 401, {"error": {"message": "User Not Authenticated"}, "status": "failure"}
        parts = urlsplit(path)
        if not re.fullmatch(r"/api/now/table/incident(/[0-9a-f]{32})?", parts.path):
            return 400, {"error": {"message": "Invalid table", "detail": None}}
        if method == "GET":
            wanted = parse_qs(parts.query)
            name, _, value = wanted["sysparm_query"][0].partition("=")
            found = [one for one in self.records.values() if one.get(name) == value]
            names = wanted["sysparm_fields"][0].split(",")
            if wanted.get("sysparm_display_value") == ["all"]:
                told = self.changes.get(value) if name == "number" else None
                return 200, {"result": [{key: told[key] for key in names}] if told else []}
            return 200, {"result": [{key: one[key] for key in names} for one in found[:1]]}
        assert len(document["short_description"]) <= 160
        assert len(document["description"]) <= 4000
        if method == "POST":
            number = uuid.uuid4().hex
            named = {"sys_id": number, "number": f"INC{len(self.records):07}"}
            self.records[number] = {**named, **document}
            return 201, {"result": self.records[number]}
        number = parts.path.rpartition("/")[2]
        if number not in self.records:
            return 404, {"error": {"message": "No Record found"}, "status": "failure"}
        self.records[number] |= document
        return 200, {"result": self.records[number]}
