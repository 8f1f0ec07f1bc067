"""A feed that is spoken to by HTTP; README.md says how the service answers.

Replace the paths and ``changes`` by what your publisher has. The clients stay: they open every socket by
``connection.connect``, bound each answer, and make refusals that tell nothing.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from stella.sdk import Connection, FeedChanges, FeedDocument
from stella.sdk.http import Answer, Connections, HttpTrouble
from stella.sdk.service_client import ServiceClient

_INDEX_BYTES_MAX = 32 * 1024 * 1024
_DOCUMENT_BYTES_MAX = 256 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
# No empty part, no part of dots alone, and nothing that HTTP would read as a query.
_NAME = re.compile(r"(?:(?!\.+(?:/|\Z))[A-Za-z0-9._~-]+)(?:/(?!\.+(?:/|\Z))[A-Za-z0-9._~-]+)*\Z")
_NAME_MAX = 300


class HttpFeed:
    """``stella.sdk.Feed``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._client = ServiceClient(connection, "Your title")
        self._http = Connections.of(connection)

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()
        self._http.close()

    def changes(self, cursor: str) -> FeedChanges:
        """The index beside what it was: the cursor is the index as it was told."""
        known = self._index(json.loads(cursor) if cursor else {"documents": {}})
        answer = self._client.json(
            "GET", "v1/index", {}, what="the index", bytes_max=_INDEX_BYTES_MAX
        )
        now = self._index(answer)
        changed = [name for name, version in now.items() if known.get(name) != version]
        return FeedChanges(
            cursor=json.dumps({"documents": now}, sort_keys=True),
            documents=tuple(FeedDocument(name, now[name]) for name in sorted(changed)),
            removed=tuple(sorted(known.keys() - now.keys())),
        )

    @contextmanager
    def document(self, name: str) -> Iterator[Iterator[bytes]]:
        """Its content as it comes; one that breaks off is refused, and never a short one."""
        if not _NAME.match(name) or len(name) > _NAME_MAX:
            raise self._client.not_there(f"document {name[:40]!r}")
        trouble = ""
        try:
            answer = self._http.send("GET", self._client.url(f"v1/documents/{name}"), {})
        except HttpTrouble as error:
            trouble = str(error)
        if trouble:
            raise self._client.unreachable(trouble)
        try:
            if answer.status_code in {404, 410}:
                raise self._client.not_there(f"document {name[:40]!r}")
            if not answer.is_success:
                raise self._client.unreachable(f"HTTP {answer.status_code}")
            yield self._pieces(answer)
        finally:
            answer.close()

    def check(self) -> str:
        """How many documents there are."""
        answer = self._client.json(
            "GET", "v1/index", {}, what="the index", bytes_max=_INDEX_BYTES_MAX
        )
        return f"{len(self._index(answer))} documents"

    def _index(self, answer: object) -> dict[str, str]:
        listed = answer.get("documents") if isinstance(answer, dict) else None
        if not isinstance(listed, dict):
            raise self._client.unreachable("its index lists no documents")
        return {str(name): str(version) for name, version in listed.items()}

    def _pieces(self, answer: Answer) -> Iterator[bytes]:
        trouble, count = "", 0
        try:
            for piece in answer.chunks(_CHUNK_BYTES):
                count += len(piece)
                if count > _DOCUMENT_BYTES_MAX:
                    raise HttpTrouble("the document is too large")
                yield piece
        except HttpTrouble as error:
            trouble = str(error)
        if trouble:
            raise self._client.unreachable(trouble)
