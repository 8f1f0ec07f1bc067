"""The service of README.md, played over repositories in memory: just enough of it for the kit."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

from stella.plugin.contract.scm import Commit
from stella.sdk.testing import SimulatedRepository


@dataclass
class Service:
    """tokens: those that count. statuses: commit -> context -> state."""

    endpoint: str = ""
    tokens: set[str] = field(default_factory=set)
    repositories: dict[str, SimulatedRepository] = field(default_factory=dict)
    statuses: dict[str, dict[str, str]] = field(default_factory=dict)
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
        name, _, rest = unquote(path).removeprefix("/v1/").partition("/-/")
        repository = self.repositories.get(name)
        verb, _, rest = rest.partition("/")
        if repository is None:
            return 404, {}
        if verb == "commits":
            found = repository.commits.get(repository.references.get(rest, rest))
            return (200, _shown(found)) if found else (404, {})
        first, _, last = rest.partition("/")
        if first not in repository.commits:
            return 404, {}
        if verb == "between" and last in repository.commits:
            commits = repository.without(last, first)
            return 200, {
                "commits": [_shown(one) for one in commits[: int(query.removeprefix("limit="))]],
                "total": len(commits),
                "dropped": len(repository.without(first, last)),
            }
        if verb == "files" and last in repository.files[first]:
            return 200, repository.files[first][last]
        if verb == "tree":
            start = f"{last}/" if last else ""
            below = [path for path in repository.files[first] if path.startswith(start)]
            return (200, sorted(below)) if below else (404, {})
        if verb == "statuses" and method == "PUT":
            self.statuses.setdefault(first, {})[last] = json.loads(body)["state"]
            return 200, {}
        return 404, {}


def _shown(one: Commit) -> dict[str, object]:
    return {
        "id": one.id,
        "parents": list(one.parents),
        "name": one.author_name,
        "email": one.author_email,
        "at": one.committed_at.isoformat(),
        "message": f"{one.title}\n\nMore of it.",
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
