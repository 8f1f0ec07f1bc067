"""A directory that is spoken to by HTTP; README.md says how the service answers.

Replace the paths and ``_person`` by what your service has. ``ServiceClient`` stays: it opens every socket
by ``connection.connect``, bounds each answer, and makes refusals that tell nothing.
"""

import json
from urllib.parse import quote

from stella.sdk import Connection, DirectoryEntry
from stella.sdk.service_client import Reply, ServiceClient

_NAME_MAX = 256
_PASSWORD_MAX = 1024


class HttpDirectory:
    """``stella.sdk.Directory``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._client = ServiceClient(connection, "Your title")

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()

    def log_in(self, name: str, password: str) -> DirectoryEntry | None:
        """Who that is, where the password is theirs. What cannot be one is not even sent."""
        is_password = 0 < len(password) <= _PASSWORD_MAX and "\0" not in password
        if not _is_name(name) or not is_password or self.find(name) is None:
            return None
        reply = self._ask("POST", "log-in", {"name": name, "password": password})
        if reply.status == 404:
            return None
        self._client.refuse(reply, "whose password it is")
        return self._person(reply.object)

    def find(self, name: str) -> DirectoryEntry | None:
        """Who has that name; nobody where two have."""
        if not _is_name(name):
            return None
        reply = self._ask("GET", f"people?name={quote(name, safe='')}")
        self._client.refuse(reply, "its people")
        people = reply.object.get("people")
        if not isinstance(people, list):
            raise self._client.unreachable("it does not answer as it should")
        return self._person(people[0]) if len(people) == 1 else None

    def check(self) -> str:
        """The name that the service knows us by."""
        reply = self._ask("GET", "whoami")
        self._client.refuse(reply, "our own name")
        return self._text(reply.object, "name")

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Reply:
        """One request. The credential is asked for here, at its use, and not kept."""
        headers = {"Authorization": f"Bearer {self._client.credential('token')}"}
        content = json.dumps(body).encode() if body is not None else None
        return self._client.ask(method, self._client.url(f"v1/{path}"), headers, content)

    def _person(self, told: object) -> DirectoryEntry:
        if not isinstance(told, dict):
            raise self._client.unreachable("it does not answer as it should")
        groups = told.get("groups")
        listed = groups if isinstance(groups, list) else []
        return DirectoryEntry(
            id=self._text(told, "id"),
            name=self._text(told, "name"),
            display_name=str(told.get("shown", "")),
            email=str(told.get("email", "")),
            groups=tuple(sorted(one for one in listed if isinstance(one, str))),
        )

    def _text(self, told: dict[str, object], key: str) -> str:
        value = told.get(key)
        if not isinstance(value, str) or not value or not value.isprintable():
            raise self._client.unreachable("it does not answer as it should")
        return value[:255]


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _NAME_MAX and name.isprintable() and name.strip() == name
