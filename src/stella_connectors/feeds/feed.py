"""Files below one URL: what changed by ETag or Last-Modified, what broke off by Range.

config: ``documents`` names the files (name in the feed -> path below the endpoint). ``csaf`` says that the
endpoint is a directory of a CSAF provider, whose ``changes.csv`` says what is there and since when (CSAF 2.0,
section 7.1.13). ``repository`` says that a VEX repository's ``vex-repository.json`` lies there, which names
the archive to bring (github.com/aquasecurity/vex-repo-spec 0.1). Without all of these the endpoint is a
mirror, whose ``index.json`` says ``{"documents": {path: version}}``.
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
_ABOUT_BYTES_MAX = 1024 * 1024
_SPEC = re.compile(r"v?0\.[0-9]{1,3}\Z")
_ARCHIVE = re.compile(
    r"(?P<url>(?P<scheme>https?)://[^\s?#]{1,1000}/"
    r"(?P<name>[A-Za-z0-9_~+-][A-Za-z0-9._~+-]{0,100}\.(?:tar\.gz|tgz|tar\.bz2|tbz2|tar\.xz|txz|zip)))"
    r"(?://(?P<folder>[A-Za-z0-9_~+-][A-Za-z0-9._~+-]{0,100}))?\Z"
)
_CHANGE = re.compile(r'"?(?P<name>[^",]{1,300})"?,"?(?P<at>[0-9TZ:.+-]{10,40})"?\s*\Z')


class HttpFeed:
    """``stella.sdk.Feed``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        is_plain = connection.config.get("plain_http") is True
        self._client = ServiceClient(connection, "Feed", may_be_plain=is_plain)
        self._http = Connections.of(connection, leads_elsewhere=True)
        self._is_http = connection.endpoint.startswith("http://")
        self._is_csaf = connection.config.get("csaf") is True
        self._is_repository = connection.config.get("repository") is True
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
        now = self._now()
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
        now = self._now()
        return f"{len(now)} documents"

    def _now(self) -> dict[str, str]:
        """Name -> version of all that there is."""
        if self._is_repository:
            name, url = self._archive()
            return {name: self._head(name, url)}
        if self._paths is not None:
            return {name: self._head(name, self._url(name)) for name in self._paths}
        return self._index()

    def _archive(self) -> tuple[str, str]:
        """The repository's archive: its name, below the folder in it that counts, and where it lies."""
        about = self._client.json(
            "GET", "vex-repository.json", {}, what="vex-repository.json", bytes_max=_ABOUT_BYTES_MAX
        )
        listed = about.get("versions") if isinstance(about, dict) else None
        # The specification has an object, what is published a list.
        for version in listed.values() if isinstance(listed, dict) else _list(listed):
            if isinstance(version, dict) and _SPEC.match(str(version.get("spec_version"))):
                for one in _list(version.get("locations")):
                    found = _ARCHIVE.match(str(one.get("url"))) if isinstance(one, dict) else None
                    if found and (self._is_http or found["scheme"] == "https"):
                        folder = f"{found['folder']}/" if found["folder"] else ""
                        return f"{folder}{found['name']}", found["url"]
        raise self._client.unreachable("its vex-repository.json names no archive that is read")

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

    def _head(self, name: str, url: str) -> str:
        """What tells this content from another; "" where the publisher does not say."""
        # By the client that follows redirects to where publishers keep their files.
        trouble = ""
        try:
            answer = self._http.send("HEAD", url, {"Accept-Encoding": "identity"})
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
        if self._is_repository:
            archive, url = self._archive()
            if archive != name:
                raise self._client.not_there(f"document {name[:40]!r}")
            return url
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


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
