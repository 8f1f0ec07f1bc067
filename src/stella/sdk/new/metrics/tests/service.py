"""The service of README.md, played: just enough of it for the kit."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

BEGAN = datetime(2030, 1, 1, tzinfo=UTC)
MEASURED = {"errors": ("0.25", "3"), "odd": ("NaN",)}


def answer(path: str) -> tuple[int, object]:
    """The documented answers: README.md, "The service"."""
    parts = urlsplit(path)
    if parts.path == "/v1/version":
        return 200, {"version": "1.0"}
    asked = parse_qs(parts.query)
    expression, at = asked["expression"][0], asked["at"][0]
    if not expression.isidentifier() or len(expression) > 1000:
        return 400, {}
    is_early = datetime.fromisoformat(at) < BEGAN
    values = () if is_early else MEASURED.get(expression, ())
    return 200, {"samples": [{"value": one, "at": at, "labels": {}} for one in values]}


@contextmanager
def serving() -> Iterator[str]:
    """Its endpoint."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, document = answer(self.path)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
