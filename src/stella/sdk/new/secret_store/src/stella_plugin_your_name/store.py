"""A secret store that is spoken to by HTTP; README.md says how the service answers.

Replace the paths, the header and ``_fields`` by what your service has. ``StoreClient`` stays: it opens
every socket by ``connection.connect``, bounds each answer, and makes refusals that tell nothing.
"""

import json
import re
from typing import NoReturn

from stella.sdk import Connection, Secret
from stella.sdk.store_client import Reply, StoreClient, quoted, value_text

# No blanks, no empty part, no part of dots alone, and nothing that HTTP would read as a query.
_PATH = re.compile(r"(?:(?!\.+(?:/|\Z))[A-Za-z0-9._~-]+)(?:/(?!\.+(?:/|\Z))[A-Za-z0-9._~-]+)*\Z")


class HttpStore:
    """``stella.sdk.SecretStore``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._client = StoreClient(connection, "Your title")
        folder = connection.config.get("folder")
        self._folder = f"{folder}/" if folder else ""

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()

    def read(self, path: str, key: str | None) -> Secret:
        """The field ``key``; without one the only field, or all of several as a JSON object.

        Nothing is remembered: the host does that, for as long as it may.
        """
        what = f"secret {quoted(path)}"
        if not _PATH.match(path):
            raise self._client.not_found(f"{what}: that is no path", "Write FOLDER/NAME.")
        reply = self._ask(f"secrets/{self._folder}{path}", what)
        if reply.status == 404:
            raise self._client.not_found(what, "Check the path; it is below the folder.")
        fields = self._fields(reply)
        if key is not None and key not in fields:
            raise self._client.not_found(
                f"field {quoted(key)} in {what}", "Check the part after #."
            )
        if key is not None:
            return Secret(value_text(fields[key]))
        only = next(iter(fields.values())) if len(fields) == 1 else None
        return Secret(json.dumps(fields, ensure_ascii=False) if only is None else value_text(only))

    def revoke(self, lease: str) -> None:
        """Nothing: this service makes no short-lived credentials, so no Secret has a lease."""

    def check(self) -> str:
        """The name that the service knows us by."""
        reply = self._ask("whoami", "a look at our own name")
        name = reply.object.get("name")
        if not reply.is_success or not isinstance(name, str) or not name.isprintable() or not name:
            self._malformed(reply)
        return name[:200]

    def _ask(self, path: str, what: str) -> Reply:
        """One request. The credential is asked for here, at its use, and not kept."""
        headers = {"Authorization": f"Bearer {self._client.credential('token')}"}
        reply = self._client.ask("GET", f"{self._client.root}/v1/{path}", headers)
        if reply.status == 401:
            raise self._client.refused("it does not take our token", "Give one that counts.")
        if reply.status == 403:
            raise self._client.refused(f"it does not allow us {what}", "Let our token read it.")
        return reply

    def _fields(self, reply: Reply) -> dict[str, object]:
        fields = reply.object.get("fields")
        if not reply.is_success or not isinstance(fields, dict) or not fields:
            self._malformed(reply)
        return fields

    def _malformed(self, reply: Reply) -> NoReturn:
        """No part of the answer is told: it may be the secret."""
        raise self._client.unreachable(f"it does not answer as it should (HTTP {reply.status})")
