"""The service of README.md, played: just enough of it for the kit."""

import html
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Service:
    """messages: id -> key and what is read of it. token: the one that counts."""

    endpoint: str = ""
    token: str = "token-0-f3a9c2d17b60"
    messages: dict[str, tuple[str, str]] = field(default_factory=dict)
    is_out: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self) -> tuple[str, ...]:
        return tuple(text for _, text in self.messages.values())

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.is_out = True
        yield
        self.is_out = False

    def answer(self, method: str, path: str, token: str, body: bytes) -> tuple[int, object]:
        """README.md, "The service"."""
        if self.is_out:
            return 503, {}
        if token != self.token:
            return 401, {}
        if path == "/v1/whoami":
            return 200, {"name": "stella"}
        _, _, place, reference = f"{path}/".removeprefix("/v1").split("/", 3)
        if place != "releases":
            return 404, {}
        told = json.loads(body)
        read = f"{_read(told['title'])}\n{_read(told['text'])}"
        if method == "PUT":
            name = reference.removeprefix("messages/").rstrip("/")
            if name not in self.messages:
                return 404, {}
            self.messages[name] = self.messages[name][0], read
            return 200, {"id": name}
        for name, (key, _) in self.messages.items():
            if key == told["key"]:
                return 200, {"id": name}
        name = f"m{len(self.messages) + 1}"
        self.messages[name] = told["key"], read
        return 200, {"id": name}


def _read(text: str) -> str:
    """As a browser shows it: tags are not seen."""
    return html.unescape(re.sub(r"<[^>]*>", "", text))


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            with service.lock:
                status, document = service.answer(self.command, self.path, token, body)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer

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
