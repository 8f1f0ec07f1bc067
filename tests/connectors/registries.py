"""A real docker-registry of the tests' own, and a small server that plays rarer registries."""

import contextlib
import http.server
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stella.trust import Authority, issue_server_certificate, new_signer

PROGRAM = "docker-registry"


@dataclass(frozen=True)
class RunningRegistry:
    host: str
    storage: Path


@contextlib.contextmanager
def running_registry(directory: Path) -> Iterator[RunningRegistry]:
    """docker-registry on a free port; ended, and its files with it, when the block ends."""
    program = shutil.which(PROGRAM)
    if program is None:
        pytest.skip(f"{PROGRAM} is missing: apt-get install docker-registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    storage = directory / "storage"
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    (directory / "config.yml").write_text(json.dumps(config))
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(directory / "config.yml")], stdout=log, stderr=log
        )
        try:
            _wait_ready(process, port, directory / "log")
            yield RunningRegistry(f"127.0.0.1:{port}", storage)
        finally:
            process.terminate()
            process.wait(10)


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=1).close()
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    closes: bool = False


Play = Callable[[str, str, Mapping[str, str], bytes], Answer]
"""(method, path with query, headers, body) -> what the registry answers."""


def served_tls(authority: Authority, name: str, directory: Path) -> ssl.SSLContext:
    """TLS of a server of that name, with a certificate of that authority."""
    key = new_signer()
    certificate = issue_server_certificate(
        authority, key.public, (name,), now=datetime.now(UTC), days=1
    )
    (directory / "key.pem").write_bytes(key.pem())
    (directory / "crt.pem").write_bytes(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "crt.pem", directory / "key.pem")
    return context


@contextlib.contextmanager
def played_registry(play: Play, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """An HTTP server that answers as ``play`` says; its host. tls: after CONNECT, as behind a proxy."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            made = play(self.command, self.path, self.headers, self.rfile.read(length))
            self.send_response(made.status)
            headers = {"content-length": str(len(made.body)), **made.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(made.body)
            if made.closes or int(headers["content-length"]) != len(made.body):
                self.close_connection = True

        def do_CONNECT(self) -> None:
            """As a proxy that leads to this same server, which then speaks TLS."""
            assert tls is not None
            self.send_response(200)
            self.end_headers()
            connection = tls.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = connection.makefile("rb"), connection.makefile("wb", 0)
            self.close_connection = False

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = answer  # noqa: N815 - the names http.server calls

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
