"""The service of README.md, played: just enough of it for the kit."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Service:
    """routes: route -> backend -> permille; it divides by hundredths."""

    endpoint: str = ""
    routes: dict[str, dict[str, int]] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        """The documented answers: README.md, "The service"."""
        if path == "/v1/version":
            return 200, {"version": "1.0"}
        route = path.removeprefix("/v1/routes/")
        if route not in self.routes:
            return 404, {}
        if method == "PUT":
            wanted: dict[str, int] = json.loads(body)["weights"]
            if any(share % 10 for share in wanted.values()):
                return 501, {}
            self.routes[route] = wanted
        return 200, {"weights": self.routes[route]}


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            status, document = service.answer(self.command, self.path, self.rfile.read(length))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET

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
