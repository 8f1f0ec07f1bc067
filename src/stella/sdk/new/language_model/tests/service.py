"""The service of README.md, played: just enough of it for the kit."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SEEN: list[str] = []


def answer(method: str, path: str, asked: dict) -> tuple[int, object]:
    """The documented answers: README.md, "The service"."""
    if (method, path) == ("GET", "/v1/version"):
        return 200, {"version": "1.0"}
    if (method, path) != ("POST", "/v1/write"):
        return 404, {}
    SEEN.append(asked["question"] + "".join(one["text"] for one in asked["texts"]))
    sentences = []
    for one in asked["texts"]:
        line = one["text"].partition("\n")[0]
        quote = {"number": one["number"], "words": line}
        sentences.append({"part": "what_it_is", "text": line, "quotes": [quote]})
    return 200, {"sentences": sentences}


@contextmanager
def serving() -> Iterator[str]:
    """Its endpoint."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._answer(json.loads(self.rfile.read(length)))

        def _answer(self, asked: dict) -> None:
            status, document = answer(self.command, self.path, asked)
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
