"""The server that sleeps while nobody asks: it answers at once, and ends when it is told."""

import socket
import threading
from typing import Any

import httpx
import pytest
import uvicorn

from stella.api.http_server import HttpServer


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


class Counting(HttpServer):
    ticks = 0

    async def on_tick(self, counter: int) -> bool:
        self.ticks += 1
        return await super().on_tick(counter)


@pytest.mark.parametrize("is_asked", [True, False])
def test_it_ends_when_it_is_told_and_not_at_its_next_tick(
    is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stella.api.http_server._TICK_S", 3600)
    listening = socket.create_server(("127.0.0.1", 0))
    server = Counting(uvicorn.Config(hello, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with httpx.Client(base_url=address) as client:
        answer = client.get("/")
        assert (answer.text, "date" in answer.headers) == ("hello", True)
        if is_asked:
            server.end()
            thread.join(30)
    server.end()
    thread.join(30)
    assert not thread.is_alive()
    assert server.ticks == 2
    listening.close()


def test_it_ends_where_it_is_told_before_it_began() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(uvicorn.Config(hello, lifespan="off", log_config=None))
    server.end()
    server.run(sockets=[listening])
    listening.close()
