"""The service of changes, played: just enough of it for the kit."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Service:
    """changes: name -> title. A change whose title is ``refused`` or ``undecided`` is that."""

    endpoint: str = ""
    changes: dict[str, str] = field(default_factory=dict)

    def answer(self, method: str, name: str, body: bytes) -> tuple[int, object]:
        if method == "DELETE":
            return (204, None) if self.changes.pop(name, None) is not None else (404, {})
        title = str(json.loads(body)["title"])
        self.changes[name] = title
        return 200, {"state": title if title in {"refused", "undecided"} else "approved"}


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            name = self.path.removeprefix("/changes/")
            status, document = service.answer(self.command, name, self.rfile.read(length))
            body = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_DELETE = do_PUT

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
