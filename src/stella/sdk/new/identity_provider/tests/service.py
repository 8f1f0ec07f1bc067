"""The service of README.md, played: its keys, codes and tokens are those of the simulated provider."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from stella.sdk import ServiceRefused
from stella.sdk.testing import SimulatedIdentityProvider

SECRET = "secret-f3a9c2d17b60"
REDIRECT = "https://stella.example/callback"


@dataclass
class Service:
    endpoint: str = ""
    is_out: bool = False
    inner: SimulatedIdentityProvider = field(
        default_factory=lambda: SimulatedIdentityProvider(lambda: datetime.now(UTC))
    )

    def begin(self, endpoint: str) -> None:
        self.endpoint = self.inner.issuer = endpoint

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.is_out = True
        yield
        self.is_out = False

    def answer(self, path: str, _: str, body: dict[str, str]) -> tuple[int, object]:
        """The documented answers: README.md, "The service"."""
        if self.is_out:
            return 503, {}
        if path == "/v1/about":
            told = {"authorize": "authorize", "token": "v1/token", "keys": "v1/keys"}
            places = {name: f"{self.endpoint}/{place}" for name, place in told.items()}
            return 200, {"issuer": self.endpoint, **places}
        if path == "/v1/keys":
            return 200, json.loads(self.inner.keys())
        if body["secret"] != SECRET:
            return 403, {}
        try:
            token = self.inner.redeem(body["code"], body["verifier"], body["redirect"])
        except ServiceRefused:
            return 403, {}
        return 200, {"id_token": token}


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
