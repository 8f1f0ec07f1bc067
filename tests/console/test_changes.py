"""A release's page tells what was committed since the one before, and where it does not know, why."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from fixtures.consoles import SECONDS, Console, ShopServer
from fixtures.git_servers import PASSWORD, USER, GitHttpServer, Repository
from fixtures.road import BASE
from image.images import build, push
from stella.release.source import REVISION_LABEL, URL_LABEL
from stella.sdk.testing import SimulatedRegistry

pytestmark = pytest.mark.browser


@pytest.fixture
def sources(shop_server: ShopServer, git_http: GitHttpServer) -> Iterator[str]:
    """An integration that leads to a real git server; its address."""
    admin = shop_server.admin
    for name, value in (("git-user", USER), ("git-password", PASSWORD)):
        admin.put(f"/secrets/{name}", {"value": value})
    document = {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": "sources",
        "spec": {
            "kind": "scm",
            "connector": "git",
            "endpoint": git_http.endpoint,
            "networks": ["127.0.0.0/8"],
            "credentials": {"username": "secret://git-user", "password": "secret://git-password"},
        },
    }
    admin.post("/apply", {"documents": [document]})
    yield git_http.endpoint
    admin.delete("/integrations/sources")
    for name in ("git-user", "git-password"):
        admin.delete(f"/secrets/{name}")


def sealed(server: ShopServer, version: str, **labels: str) -> str:
    """The id of a release of one image with these labels, once it is scanned."""
    ground = server.stage.ground
    registry = SimulatedRegistry(server.stage.directory / "simulated" / "registry")
    push(registry, build(BASE, Labels=labels), "shop/notes", version)
    components = {"notes": f"{ground.registry}/shop/notes:{version}"}
    body = {"name": "notes", "version": version, "components": components}
    made = server.admin.post("/releases", body)
    deadline = time.monotonic() + 60
    while not server.admin.get(f"/releases/{made['id']}")["components"][0]["scans"]:
        assert time.monotonic() < deadline, "it was not scanned"
        time.sleep(0.1)
    return str(made["id"])


def test_the_commits_stand_on_the_page_of_the_release(
    open_console: Callable[..., Console],
    shop_server: ShopServer,
    sources: str,
    shop_repository: Repository,
) -> None:
    made, url = shop_repository.made, f"{sources}/shop/web.git"
    sealed(shop_server, "1", **{URL_LABEL: url, REVISION_LABEL: made[1].id})
    second = sealed(shop_server, "2", **{URL_LABEL: url, REVISION_LABEL: made[3].id})
    third = sealed(shop_server, "3")
    console = open_console()
    console.sign_in("olga")
    console.go(f"/releases/{second}")
    panel = console.main.get_by_role("region", name="Changes")
    expect(panel.get_by_role("heading")).to_have_text("Changes since notes 1")
    expect(panel.get_by_text(made[2].title)).to_be_visible(timeout=SECONDS)
    expect(panel.get_by_text(made[3].id[:12])).to_be_visible()
    expect(panel.get_by_text("Ada Löwe").first).to_be_visible()
    expect(panel.get_by_text("not signed").first).to_be_visible()
    assert console.violations() == []
    console.picture("release-changes")
    console.go(f"/releases/{third}")
    expect(panel.get_by_role("heading")).to_have_text("Changes since notes 2")
    expect(panel.get_by_text("Unknown: the image has no label")).to_be_visible(timeout=SECONDS)
