"""An object store that is spoken to by HTTP; README.md says how the service answers.

Replace the paths, the headers and ``_listed`` by what your service has. ``ServiceClient`` stays: it opens
every socket by ``connection.connect``, bounds each answer, and makes refusals that tell nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from urllib.parse import quote, urlencode

from stella.sdk import Connection, StellaError, StoredObject, parse_time
from stella.sdk.object_keys import (
    KEY_ADVICE,
    is_folder,
    is_key,
    key_fault,
    question_fault,
)
from stella.sdk.service_client import Reply, ServiceClient

_OBJECT_BYTES_MAX = 1024**4
_LIST_BYTES_MAX = 4 * 1024 * 1024


class HttpObjects:
    """``stella.sdk.ObjectStore``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._client = ServiceClient(connection, "Your title")
        self._folder = str(connection.config.get("folder") or "")
        if not is_folder(self._folder):
            raise self._client.refused("its folder is none", "Write it as stella/ or a/b/.")

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()

    def put(self, key: str, content: bytes) -> None:
        """Whole or not at all: the service shows an object when it has all of it."""
        self._client.refuse(self._ask("PUT", self._url(key), content), f"object {key}")

    def put_new(self, key: str, content: bytes) -> bool:
        """The service itself holds that nothing is there."""
        reply = self._ask("PUT", self._url(key), content, {"If-None-Match": "*"})
        if reply.status == 412:
            return False
        self._client.refuse(reply, f"object {key}")
        return True

    def get(self, key: str) -> AbstractContextManager[Iterator[bytes]]:
        """As it comes; an answer that ends before its length is none."""
        what = f"object {key}"
        url, headers = self._url(key), self._headers()
        return self._client.download(url, headers, what=what, bytes_max=_OBJECT_BYTES_MAX)

    def stat(self, key: str) -> StoredObject | None:
        """By a list of that one key."""
        self._url(key)
        found = self.list(key, "", 1)
        return found[0] if found and found[0].key == key else None

    def list(self, prefix: str, after: str, limit: int) -> tuple[StoredObject, ...]:
        """One page of the service has as many as are asked for."""
        fault = question_fault(prefix, after, limit)
        if fault:
            raise self._client.refused(fault, KEY_ADVICE)
        start = f"{self._folder}{after}" if after else ""
        query = {"prefix": f"{self._folder}{prefix}", "after": start, "limit": str(limit)}
        reply = self._ask("GET", self._client.url(f"v1/objects?{urlencode(query)}"))
        self._client.refuse(reply, "list of objects")
        return self._listed(reply, prefix, after)[:limit]

    def delete(self, key: str) -> None:
        """One that is not there is no refusal."""
        reply = self._ask("DELETE", self._url(key))
        if reply.status != 404:
            self._client.refuse(reply, f"object {key}")

    def check(self) -> str:
        """The name that the service knows us by."""
        told = self._client.json("GET", "v1/whoami", self._headers(), what="look at our name")
        name = told.get("name") if isinstance(told, dict) else None
        if not isinstance(name, str) or not name.isprintable() or not name:
            raise self._client.unreachable("it does not say who we are")
        return name[:200]

    def _url(self, key: str) -> str:
        fault = key_fault(key)
        if fault:
            raise self._client.refused(fault, KEY_ADVICE)
        return self._client.url(f"v1/objects/{quote(self._folder + key)}")

    def _headers(self) -> dict[str, str]:
        """The credential is asked for here, at its use, and not kept."""
        return {"Authorization": f"Bearer {self._client.credential('token')}"}

    def _ask(
        self,
        method: str,
        url: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {**self._headers(), **(headers or {})}
        return self._client.ask(method, url, sent, content, bytes_max=_LIST_BYTES_MAX)

    def _listed(self, reply: Reply, prefix: str, after: str) -> tuple[StoredObject, ...]:
        """What is no object of ours is left out; what is no list at all is refused."""
        found, objects = reply.object.get("objects"), []
        if not isinstance(found, list):
            raise self._client.unreachable("its list is none")
        for one in found:
            name, size = (one.get("key"), one.get("size")) if isinstance(one, dict) else (0, 0)
            if not isinstance(name, str) or not isinstance(size, int) or size < 0:
                raise self._client.unreachable("its list is none")
            key, at = name.removeprefix(self._folder), _time(one.get("modifiedAt"))
            if at is None:
                raise self._client.unreachable("its list has no times")
            if is_key(key) and key.startswith(prefix) and key > after:
                objects.append(StoredObject(key, size, at))
        return tuple(objects)


def _time(text: object) -> datetime | None:
    """None for what is none."""
    try:
        return parse_time(str(text))
    except StellaError:
        return None
