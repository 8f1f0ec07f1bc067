"""A server without integrations, a registry with a password, a plugin of a stranger."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from console.hub import CANARY, apply, document, empty_of_integrations, wheel
from fixtures.consoles import ShopServer


@pytest.fixture
def registry() -> Iterator[str]:
    """A registry that wants the canary as the password of ana; its host."""
    wanted = f"Basic {base64.b64encode(f'ana:{CANARY}'.encode()).decode()}"

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        if headers.get("authorization") != wanted:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=b'{"tags": []}', headers={"content-type": "application/json"})

    with played_registry(play) as host:
        yield host


@pytest.fixture
def clean(shop_server: ShopServer) -> Iterator[ShopServer]:
    """The server, without integrations and secrets; afterwards with those that it had."""
    before = shop_server.admin.get("/integrations")["items"]

    def empty() -> None:
        empty_of_integrations(shop_server)
        for one in shop_server.admin.get("/secrets")["items"]:
            shop_server.admin.delete(f"/secrets/{one['name']}")

    empty()
    yield shop_server
    empty()
    apply(shop_server, *({**document(one["name"], ""), "spec": one["spec"]} for one in before))


@pytest.fixture
def chests(clean: ShopServer) -> Iterator[None]:
    """A plugin of a stranger, installed and in use."""
    content = base64.b64encode(wheel("chests")["buffer"]).decode()
    clean.admin.post("/plugins", {"wheel": content})
    clean.admin.post("/plugins/chests/grant", {"granted": None})
    clean.admin.post("/plugins/chests/enable", {})
    yield
    empty_of_integrations(clean)
    clean.admin.post("/plugins/chests/disable")
    clean.admin.delete("/plugins/chests/versions/1.0.0")
