"""The service of README.md, played over builds in memory: just enough of it for the kit."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

from stella.plugin.contract.ci import Build, BuildState
from stella.plugin.refusals import NotThere
from stella.sdk.testing import SimulatedCi

_WORDS = {
    BuildState.QUEUED: "waiting",
    BuildState.RUNNING: "running",
    BuildState.SUCCEEDED: "passed",
    BuildState.FAILED: "failed",
    BuildState.CANCELLED: "stopped",
}


@dataclass
class Service:
    """tokens: those that count. builds: what goes on there."""

    endpoint: str = ""
    tokens: set[str] = field(default_factory=set)
    builds: SimulatedCi = field(default_factory=SimulatedCi)
    is_out: bool = False

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.is_out = True
        yield
        self.is_out = False

    def answer(self, method: str, path: str, token: str, body: bytes) -> tuple[int, object]:
        """The documented answers: README.md, "The service"."""
        if self.is_out:
            return 503, {}
        if token not in self.tokens:
            return 401, {}
        if path == "/v1/whoami":
            return 200, {"name": "stella"}
        path, _, query = path.partition("?")
        pipeline, _, rest = unquote(path).removeprefix("/v1/").partition("/-/builds")
        try:
            return self._of_pipeline(method, pipeline, rest.strip("/"), query, body)
        except NotThere:
            return 404, {}

    def _of_pipeline(
        self, method: str, pipeline: str, rest: str, query: str, body: bytes
    ) -> tuple[int, object]:
        if not rest and method == "POST":
            said = json.loads(body)
            given = (said["reference"], said["parameters"], said["key"])
            return 201, self._shown(self.builds.trigger(pipeline, *given))
        if not rest:
            found = self.builds.builds(pipeline, int(query.removeprefix("limit=")))
            return 200, {"builds": [self._shown(one) for one in found]}
        number, _, verb = rest.partition("/")
        if verb == "stop":
            self.builds.cancel(pipeline, number)
            return 200, {}
        if verb == "provenance":
            return 200, self.builds.provenance(pipeline, number)[0]
        return 200, self._shown(self.builds.build(pipeline, number))

    def _shown(self, one: Build) -> dict[str, object]:
        return {
            "number": int(one.id),
            "state": _WORDS[one.state],
            "commit": one.commit,
            "url": one.url,
            "started": one.started_at.isoformat() if one.started_at else None,
            "ended": one.ended_at.isoformat() if one.ended_at else None,
            "signed": one.id in self.builds.signed,
        }


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, said = service.answer(self.command, self.path, token, sent)
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

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
