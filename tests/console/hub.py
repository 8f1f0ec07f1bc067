"""What the tests of integrations, secrets and plugins in the console share."""

from typing import Any

from playwright.sync_api import FilePayload, Locator

from fixtures.consoles import Console, ShopServer
from plugin.packages import wheel_of

CANARY = "canary-51d0aa-do-not-show"
CODE = """
class Chest:
    def __init__(self, connection):
        pass

    def check(self):
        return "a chest"

PLUGIN = Plugin(secret_stores={"chest": Chest})
"""
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["mount"],
    "properties": {
        "mount": {"type": "string", "title": "Mount", "description": "Where the engine lies."},
        "version": {"type": "integer", "minimum": 1, "maximum": 2, "default": 2},
        "strict": {"type": "boolean", "default": True, "description": "Refuse what is old."},
        "mode": {"enum": ["fast", "safe"], "default": "safe"},
        "paths": {"type": "array", "items": {"type": "string"}, "description": "It may read."},
        "retry": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"attempts": {"type": "integer", "minimum": 1, "maximum": 9}},
        },
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
CHEST = {
    "kind": "secret_store",
    "name": "chest",
    "title": "Chest",
    "configSchema": SCHEMA,
    "credentials": [{"name": "token", "title": "Token", "required": True}],
}


def wheel(name: str, version: str = "1.0.0") -> FilePayload:
    content = wheel_of(
        name, CODE, version=version, needs=[{"capability": "network"}], contributes=[CHEST]
    )
    return {
        "name": f"plugin_{name}-{version}-py3-none-any.whl",
        "mimeType": "application/zip",
        "buffer": content,
    }


def document(name: str, endpoint: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": name,
        "spec": {"kind": "registry", "connector": "oci", "endpoint": endpoint, **spec},
    }


def apply(server: ShopServer, *documents: dict[str, Any]) -> None:
    server.admin.post("/apply", {"documents": list(documents), "dryRun": False})


def empty_of_integrations(server: ShopServer) -> None:
    """Those that give credentials to others last."""
    listed = server.admin.get("/integrations")["items"]
    for one in sorted(listed, key=lambda one: one["kind"] == "secret_store"):
        server.admin.delete(f"/integrations/{one['name']}")


def field(console: Console, label: str) -> Locator:
    return console.page.get_by_role("textbox", name=label, exact=True)


def effect(console: Console) -> Locator:
    return console.page.get_by_role("region", name="What saving it does")
