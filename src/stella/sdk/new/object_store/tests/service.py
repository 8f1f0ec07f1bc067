"""The service of README.md, played: just enough of it for the kit."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit


@dataclass
class Service:
    """objects: key -> content and time. token: the one that counts."""

    endpoint: str = ""
    token: str = "token-0-f3a9c2d17b60"
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    is_out: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.is_out = True
        yield
        self.is_out = False

    def answer(self, method: str, target: str, token: str, is_new: bool, body: bytes):
        """Status and body: README.md, "The service"."""
        if self.is_out:
            return 503, b""
        if token != self.token:
            return 401, b""
        parts = urlsplit(target)
        if parts.path == "/v1/whoami":
            return 200, json.dumps({"name": "stella"}).encode()
        if parts.path == "/v1/objects":
            return 200, self._list(parse_qs(parts.query))
        key = parts.path.removeprefix("/v1/objects/")
        if method == "PUT":
            if is_new and key in self.objects:
                return 412, b""
            self.objects[key] = body, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            return 204, b""
        if key not in self.objects:
            return 404, b""
        if method == "DELETE":
            del self.objects[key]
            return 204, b""
        return 200, self.objects[key][0]

    def _list(self, query) -> bytes:
        prefix, after = query.get("prefix", [""])[0], query.get("after", [""])[0]
        keys = sorted(one for one in self.objects if one.startswith(prefix) and one > after)
        listed = [
            {"key": key, "size": len(self.objects[key][0]), "modifiedAt": self.objects[key][1]}
            for key in keys[: int(query["limit"][0])]
        ]
        return json.dumps({"objects": listed}).encode()


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            is_new = self.headers.get("if-none-match") == "*"
            with service.lock:
                status, content = service.answer(self.command, self.path, token, is_new, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        service.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
