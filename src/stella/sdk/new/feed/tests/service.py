"""The service of README.md, played: just enough of it for the kit."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Service:
    """documents: name -> content. is_broken: documents break off in the middle."""

    endpoint: str = ""
    documents: dict[str, bytes] = field(default_factory=dict)
    is_broken: bool = False

    def publish(self, name: str, content: bytes | None) -> None:
        self.documents.pop(name, None)
        if content is not None:
            self.documents[name] = content

    @contextmanager
    def breaking(self) -> Iterator[None]:
        self.is_broken = True
        yield
        self.is_broken = False

    def answer(self, path: str) -> tuple[int, bytes]:
        """The documented answers: README.md, "The service"."""
        if path == "/v1/index":
            versions = {
                name: hashlib.sha256(content).hexdigest()
                for name, content in self.documents.items()
            }
            return 200, json.dumps({"documents": versions}).encode()
        name = path.removeprefix("/v1/documents/")
        return (200, self.documents[name]) if name in self.documents else (404, b"")


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = service.answer(self.path)
            is_cut = service.is_broken and self.path != "/v1/index"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
            self.close_connection = is_cut

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
