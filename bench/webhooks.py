"""Webhooks through a real server: HTTP, signature, one durable row each, answered after that."""

import asyncio
import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from bench.row import Row
from stella.api.services import Services
from stella.app.schema import migrate
from stella.app.settings import Settings
from stella.app.wiring import open_services
from stella.hub.apply import apply_integration
from stella.hub.deliveries import count_deliveries
from stella.hub.secrets import sealed_value, store_secret
from stella.kernel import Json
from stella.record import Database

_DELIVERIES = 6000
_CONNECTIONS = 48
_SECRET = "a secret of the forge"
_GOAL_MS = 2.0
"""500 a second."""
_COMMITS = 8


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data_directory=directory, listen_port=0, agents_port=0)
        services = open_services(settings)
        _prepare(services)
        environment = {
            **os.environ,
            "STELLA_DATA_DIRECTORY": directory,
            "STELLA_LISTEN_PORT": "0",
            "STELLA_AGENTS_PORT": "0",
        }
        command = [sys.executable, "-m", "stella.cli.main", "serve"]
        server = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert server.stdout is not None
            line = next(one for one in server.stdout if "http://" in one)
            port = int(line.partition("http://")[2].split()[0].rpartition(":")[2])
            requests = [_request(port, number) for number in range(_DELIVERIES)]
            begun = time.perf_counter()
            waits_ms = asyncio.run(_send(port, requests))
            taken_s = time.perf_counter() - begun
            _until_handled(services.database)
            handled_s = time.perf_counter() - begun
        finally:
            server.terminate()
            server.wait()
            services.database.close()
    note = (
        f"{_DELIVERIES} pushes of {len(requests[0]) >> 10} KiB over {_CONNECTIONS} connections, "
        f"{_DELIVERIES / taken_s:.0f} a second; goal: 500 a second"
    )
    Row(
        "a webhook, verified and queued", "ms", taken_s / _DELIVERIES * 1000, _GOAL_MS, note=note
    ).print()
    p95 = statistics.quantiles(waits_ms, n=100)[94]
    Row("a webhook until its answer, 95th percentile", "ms", p95, note="of the same").print()
    note = f"{_DELIVERIES / handled_s:.0f} a second, while the others arrive"
    Row("a webhook until it is handled", "ms", handled_s / _DELIVERIES * 1000, note=note).print()


def _prepare(services: Services) -> None:
    database = services.database
    migrate(database.engine)
    ring = services.outside.keys()
    spec: dict[str, Json] = {
        "kind": "webhook",
        "connector": "github",
        "credentials": {"secret": "secret://hook"},
    }
    with database.transaction(actor="system") as tx:
        store_secret(tx, "hook", sealed_value(ring, "hook", _SECRET, os.urandom))
        apply_integration(tx, "forge", spec, services.plugins.brought())


def _request(port: int, number: int) -> bytes:
    commits = [
        {"id": hashlib.sha1(b"%d" % one).hexdigest(), "message": "Change what is there " * 10}
        for one in range(number, number + _COMMITS)
    ]
    said = {
        "ref": "refs/heads/main",
        "before": commits[0]["id"],
        "after": commits[-1]["id"],
        "repository": {"full_name": "shop/web"},
        "pusher": {"name": "ana"},
        "commits": commits,
    }
    body = json.dumps(said).encode()
    signature = hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        "POST /api/v1/webhooks/forge HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{port}\r\n"
        "User-Agent: GitHub-Hookshot/1\r\n"
        "Content-Type: application/json\r\n"
        "X-GitHub-Event: push\r\n"
        f"X-GitHub-Delivery: {number}\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _send(port: int, requests: list[bytes]) -> list[float]:
    waiting, waits_ms = iter(requests), []

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            answer = await reader.readexactly(length)
            assert b'"queued"' in answer, answer
            waits_ms.append((time.perf_counter() - begun) * 1000)
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(_CONNECTIONS)))
    return waits_ms


def _until_handled(database: Database) -> None:
    while True:
        with database.read() as tx:
            found = count_deliveries(tx, "forge")
        if found["handled"] == _DELIVERIES:
            return
        assert found["failed"] == 0, found
        time.sleep(0.1)


if __name__ == "__main__":
    main()
