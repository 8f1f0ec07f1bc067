"""A registry in memory that speaks enough of the OCI distribution specification for the kit."""

import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

_MANIFEST = re.compile(r"/v2/(.+)/manifests/([^/]+)\Z")
_BLOB = re.compile(r"/v2/(.+)/blobs/(sha256:[0-9a-f]{64})\Z")
_UPLOAD = re.compile(r"/v2/(.+)/blobs/uploads/\Z")
_TAGS = re.compile(r"/v2/(.+)/tags/list\Z")
_REFERRERS = re.compile(r"/v2/(.+)/referrers/(sha256:[0-9a-f]{64})\Z")
Answer = tuple[int, bytes, str]


@dataclass
class Service:
    """blobs: digest -> bytes. manifests: (repository, tag or digest) -> media type and bytes."""

    host: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    authorizations: set[str] = field(default_factory=set)

    def tamper(self, digest: str) -> None:
        self.blobs[digest] = bytes([self.blobs[digest][0] ^ 1]) + self.blobs[digest][1:]

    def read(self, path: str) -> Answer:
        if found := _MANIFEST.match(path):
            media_type, content = self.manifests.get((found[1], found[2]), ("", b""))
            return (200 if media_type else 404), content, media_type
        if found := _BLOB.match(path):
            blob = self.blobs.get(found[2])
            return (404, b"", "") if blob is None else (200, blob, "application/octet-stream")
        if found := _TAGS.match(path):
            tags = [name for at, name in self.manifests if at == found[1] and ":" not in name]
            return 200, json.dumps({"tags": tags}).encode(), "application/json"
        if found := _REFERRERS.match(path):
            entries = [*self._referrers(found[1], found[2])]
            return 200, json.dumps({"manifests": entries}).encode(), "application/json"
        return 404, b"", ""

    def write(self, path: str, query: str, media_type: str, content: bytes) -> int:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if found := _MANIFEST.match(path):
            for name in {found[2], digest}:
                self.manifests[found[1], name] = (media_type, content)
            return 201
        if _UPLOAD.match(path) and parse_qs(query).get("digest") == [digest]:
            self.blobs[digest] = content
            return 201
        return 400

    def _referrers(self, repository: str, subject: str) -> Iterator[dict[str, object]]:
        for (at, name), (media_type, content) in self.manifests.items():
            document = json.loads(content)
            if at == repository and document.get("subject", {}).get("digest") == subject:
                yield {
                    "mediaType": media_type,
                    "digest": name,
                    "size": len(content),
                    "artifactType": document["artifactType"],
                }


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, content, media_type = service.read(urlsplit(self.path).path)
            self._answer(status, content, media_type)

        do_HEAD = do_GET

        def do_POST(self) -> None:
            self._answer(202)

        def do_PUT(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            content = self.rfile.read(length)
            parts = urlsplit(self.path)
            media_type = self.headers.get("content-type", "")
            self._answer(service.write(parts.path, parts.query, media_type, content))

        def _answer(self, status: int, content: bytes = b"", media_type: str = "") -> None:
            service.authorizations.add(self.headers.get("authorization", ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", media_type)
            self.send_header("Location", self.path)  # uploads go where they were begun
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        service.host = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
