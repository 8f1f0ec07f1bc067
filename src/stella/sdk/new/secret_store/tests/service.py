"""The service of README.md, played: just enough of it for the kit."""

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Service:
    """tokens: those that count. forbidden: paths that none of them may read."""

    endpoint: str = ""
    tokens: set[str] = field(default_factory=set)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    is_out: bool = False

    def put(self, path: str, value: str | Mapping[str, str]) -> str:
        self.secrets[path] = {"text": value} if isinstance(value, str) else dict(value)
        return ""  # no older version is kept

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.is_out = True
        yield
        self.is_out = False

    def answer(self, path: str, token: str) -> tuple[int, object]:
        """The documented answers: README.md, "The service"."""
        if self.is_out:
            return 503, {}
        if token not in self.tokens:
            return 401, {}
        if path == "/v1/whoami":
            return 200, {"name": "stella"}
        wanted = path.removeprefix("/v1/secrets/")
        if wanted in self.forbidden:
            return 403, {}
        if wanted not in self.secrets:
            return 404, {}
        return 200, {"fields": self.secrets[wanted]}


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            status, document = service.answer(self.path, token)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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
