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

    @property
    def port(self) -> int:
        return int(self.host.rpartition(":")[2])


NAME = "registry.example.com"
LOGIN = ("ana", "canary-registry-3f0d")
_HTPASSWD = "ana:$2b$05$s3twiEtymZlBzWfY/hA5cu9N2etPX6Q0JPpoYXSOPEuamBU5ji9PK\n"


@contextlib.contextmanager
def running_registry(
    directory: Path, authority: Authority | None = None
) -> Iterator[RunningRegistry]:
    """docker-registry on a free port; ended, and its files with it, when the block ends.

    authority: it speaks TLS with a certificate of that one for ``NAME``, and wants ``LOGIN`` (htpasswd).
    """
    program = shutil.which(PROGRAM)
    if program is None:
        pytest.skip(f"{PROGRAM} is missing: apt-get install docker-registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    storage = directory / "storage"
    http: dict[str, object] = {"addr": f"127.0.0.1:{port}"}
    config: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": http,
    }
    if authority is not None:
        served_tls(authority, NAME, directory)
        named = {"certificate": "crt.pem", "key": "key.pem"}
        http["tls"] = {name: str(directory / file) for name, file in named.items()}
        (directory / "htpasswd").write_text(_HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "shop", "path": str(directory / "htpasswd")}}
    (directory / "config.yml").write_text(json.dumps(config))
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(directory / "config.yml")], stdout=log, stderr=log
        )
        try:
            _wait_ready(process, port, directory / "log", is_shut=authority is not None)
            yield RunningRegistry(f"127.0.0.1:{port}", storage)
        finally:
            process.terminate()
            process.wait(10)


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path, *, is_shut: bool) -> None:
    url = f"http{'s' if is_shut else ''}://127.0.0.1:{port}/v2/"
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=1, context=unverified if is_shut else None).close()
        except urllib.error.HTTPError as error:
            if is_shut and error.code == 401:
                return
        except (OSError, urllib.error.URLError):
            pass
        else:
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
def proxy_to(port: int) -> Iterator[str]:
    """An HTTP proxy whose every tunnel leads to that port of this machine; its host."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            with socket.create_connection(("127.0.0.1", port)) as there:
                back = threading.Thread(target=_carry, args=(there, self.connection), daemon=True)
                back.start()
                _carry(self.connection, there)
                back.join(10)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


def _carry(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := one.recv(65536):
            other.sendall(content)
        other.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def played_registry(
    play: Play, tls: ssl.SSLContext | None = None, *, over: ssl.SSLContext | None = None
) -> Iterator[str]:
    """An HTTP server that answers as ``play`` says; its host.

    tls: after CONNECT, as behind a proxy. over: TLS from the start.
    """

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
    if over is not None:
        server.socket = over.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
