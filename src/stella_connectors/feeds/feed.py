"""Files below one URL: what changed by ETag or Last-Modified, what broke off by Range.

config: ``documents`` names the files (name in the feed -> path below the endpoint). ``csaf`` says that the
endpoint is a directory of a CSAF provider, whose ``changes.csv`` says what is there and since when (CSAF 2.0,
section 7.1.13). Without both the endpoint is a mirror, whose ``index.json`` says
``{"documents": {path: version}}``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from stella.sdk import Connection, FeedChanges, FeedDocument
from stella.sdk.http import Answer, Connections, HttpTrouble
from stella.sdk.service_client import ServiceClient

_INDEX_BYTES_MAX = 64 * 1024 * 1024
_DOCUMENT_BYTES_MAX = 8 * 1024 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_RESUMES_MAX = 5
# No empty part, no part of dots alone, and nothing that HTTP would read as a query.
_NAME = re.compile(
    r"(?:(?!\.+(?:/|\Z))[A-Za-z0-9._~+%-]+)(?:/(?!\.+(?:/|\Z))[A-Za-z0-9._~+%-]+)*\Z"
)
_NAME_MAX = 300
_CHANGE = re.compile(r'"?(?P<name>[^",]{1,300})"?,"?(?P<at>[0-9TZ:.+-]{10,40})"?\s*\Z')


class HttpFeed:
    """``stella.sdk.Feed``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        is_plain = connection.config.get("plain_http") is True
        self._client = ServiceClient(connection, "Advisory feed", may_be_plain=is_plain)
        self._http = Connections.of(connection, leads_elsewhere=True)
        self._is_csaf = connection.config.get("csaf") is True
        listed = connection.config.get("documents")
        self._paths = (
            {str(name): str(path) for name, path in listed.items()}
            if isinstance(listed, dict)
            else None
        )

    def close(self) -> None:
        """Close every connection."""
        self._client.close()
        self._http.close()

    def changes(self, cursor: str) -> FeedChanges:
        """Beside what it was: the cursor is the versions that were told."""
        known = self._versions(json.loads(cursor) if cursor else {"documents": {}})
        now = self._index() if self._paths is None else self._heads(self._paths)
        changed = [
            name for name, version in now.items() if not version or known.get(name) != version
        ]
        return FeedChanges(
            cursor=json.dumps({"documents": now}, sort_keys=True),
            documents=tuple(FeedDocument(name, now[name]) for name in sorted(changed)),
            removed=tuple(sorted(known.keys() - now.keys())),
        )

    @contextmanager
    def document(self, name: str) -> Iterator[Iterator[bytes]]:
        """Its content as it comes; what breaks off goes on where it broke, or is refused."""
        url = self._url(name)
        answer = self._get(url, name, {})
        try:
            yield self._pieces(url, name, answer)
        finally:
            answer.close()

    def check(self) -> str:
        """How many documents there are."""
        now = self._index() if self._paths is None else self._heads(self._paths)
        return f"{len(now)} documents"

    def _index(self) -> dict[str, str]:
        if self._is_csaf:
            return self._changes_csv()
        answer = self._client.json(
            "GET", "index.json", {}, what="the index", bytes_max=_INDEX_BYTES_MAX
        )
        now = self._versions(answer)
        if not now:
            raise self._client.unreachable("its index lists no documents")
        return now

    def _changes_csv(self) -> dict[str, str]:
        """``"2024/cve-2024-0001.json","2024-05-01T10:00:00+00:00"``, a line for each document."""
        url = self._client.url("changes.csv")
        reply = self._client.ask("GET", url, {}, bytes_max=_INDEX_BYTES_MAX)
        self._client.refuse(reply, "changes.csv")
        now: dict[str, str] = {}
        for number, line in enumerate(reply.body.decode("utf-8", "replace").splitlines()):
            found = _CHANGE.match(line)
            if found is None:
                if line.strip():
                    raise self._client.unreachable(f"line {number + 1} of changes.csv is none")
                continue
            now.setdefault(found["name"], found["at"])
        if not now:
            raise self._client.unreachable("its changes.csv lists no documents")
        return now

    def _versions(self, answer: object) -> dict[str, str]:
        listed = answer.get("documents") if isinstance(answer, dict) else None
        if not isinstance(listed, dict):
            raise self._client.unreachable("its index lists no documents")
        return {str(name): str(version) for name, version in listed.items()}

    def _heads(self, paths: Mapping[str, str]) -> dict[str, str]:
        """Name -> what tells this content from another; "" where the publisher does not say."""
        return {name: self._head(name) for name in paths}

    def _head(self, name: str) -> str:
        # By the client that follows redirects to where publishers keep their files.
        trouble = ""
        try:
            answer = self._http.send("HEAD", self._url(name), {"Accept-Encoding": "identity"})
        except HttpTrouble as error:
            trouble = str(error)
        if trouble:
            raise self._client.unreachable(trouble)
        answer.close()
        if answer.status_code in {404, 410}:
            raise self._client.not_there(f"document {name[:40]!r}")
        if not answer.is_success:
            return ""  # many refuse HEAD alone; what is wrong besides, GET will tell
        told = [answer.headers.get(key) or "" for key in ("etag", "last-modified")]
        length = answer.headers.get("content-length") or ""
        return json.dumps([*told, length]) if any(told) else ""

    def _url(self, name: str) -> str:
        path = name if self._paths is None else self._paths.get(name, "")
        if not _NAME.match(path) or len(path) > _NAME_MAX:
            raise self._client.not_there(f"document {name[:40]!r}")
        return self._client.url(path)

    def _get(self, url: str, name: str, headers: Mapping[str, str]) -> Answer:
        trouble = ""
        try:
            answer = self._http.send("GET", url, {"Accept-Encoding": "identity", **headers})
        except HttpTrouble as error:
            trouble = str(error)
        if trouble:
            raise self._client.unreachable(trouble)
        if answer.is_success:
            return answer
        answer.close()
        if answer.status_code in {404, 410}:
            raise self._client.not_there(f"document {name[:40]!r}")
        raise self._client.unreachable(f"HTTP {answer.status_code}")

    def _pieces(self, url: str, name: str, answer: Answer) -> Iterator[bytes]:
        """To the end, with as many more requests as it takes; only of the very same content."""
        etag = answer.headers.get("etag") or ""
        can_resume = etag.startswith('"') and answer.headers.get("accept-ranges") == "bytes"
        received, resumes, first = 0, 0, answer
        try:
            while True:
                trouble = ""
                try:
                    for piece in answer.chunks(_CHUNK_BYTES):
                        received += len(piece)
                        yield piece
                        if received > _DOCUMENT_BYTES_MAX:
                            trouble, can_resume = "the document is too large", False
                            break
                except HttpTrouble as error:
                    trouble = str(error)
                if not trouble:
                    return
                resumes += 1
                if not can_resume or resumes > _RESUMES_MAX:
                    raise self._client.unreachable(trouble)
                if answer is not first:
                    answer.close()
                answer = self._rest(url, name, etag, received)
        finally:
            if answer is not first:
                answer.close()

    def _rest(self, url: str, name: str, etag: str, received: int) -> Answer:
        answer = self._get(url, name, {"Range": f"bytes={received}-", "If-Range": etag})
        begins = (answer.headers.get("content-range") or "").startswith(f"bytes {received}-")
        if answer.status_code == 206 and begins and answer.headers.get("etag") == etag:
            return answer
        answer.close()
        raise self._client.unreachable("it broke off, and changed meanwhile")
