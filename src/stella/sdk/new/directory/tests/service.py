"""The service of README.md, played: just enough of it for the kit."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-f3a9c2d17b60"


@dataclass
class Service:
    """people: as the service tells them. locked: ids whose password lets nobody in."""

    endpoint: str = ""
    people: list[dict[str, Any]] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    is_out: bool = False

    def begin(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def rename(self, name: str, to: str) -> None:
        for one in self.people:
            one["name"] = to if one["name"] == name else one["name"]

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.is_out = True
        yield
        self.is_out = False

    def answer(self, target: str, token: str, body: dict[str, str]) -> tuple[int, object]:
        """The documented answers: README.md, "The service"."""
        if self.is_out:
            return 503, {}
        if token != TOKEN:
            return 401, {}
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if path == "/v1/whoami":
            return 200, {"name": "stella"}
        if path == "/v1/people":
            return 200, {"people": self.named(query.get("name", [""])[0])}
        for one in self.named(body.get("name", "")):
            if self.passwords[one["id"]] == body.get("password") and one["id"] not in self.locked:
                return 200, one
        return 404, {}

    def named(self, name: str) -> list[dict[str, Any]]:
        return [one for one in self.people if one["name"].lower() == name.lower()]


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            status, document = service.answer(self.path, token, body)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        service.begin(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
