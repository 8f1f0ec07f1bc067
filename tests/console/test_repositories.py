"""Followed repositories are shown where environments are: what counts, what was refused, and why."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer
from fixtures.git_servers import PASSWORD, USER, GitHttpServer, Repository, made_repository

pytestmark = pytest.mark.browser

VARIABLES = "apiVersion: stella/v1\nkind: Variables\nname: {}\nspec: {{variables: []}}\n"


def document(kind: str, name: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


@pytest.fixture
def repository(
    shop_server: ShopServer,
    git_http: GitHttpServer,
    git_root: Any,
) -> Iterator[Repository]:
    """Followed as ``config`` by the integration ``sources``; both are gone afterwards."""
    made = made_repository(git_root / "shop", f"console-{time.monotonic_ns()}")
    made.git("--git-dir", str(made.path), "config", "uploadpack.allowFilter", "true")
    (made.work / "stella.yaml").write_text(VARIABLES.format("from-git"))
    made.commit("Begin with variables")
    made.push()
    admin = shop_server.admin
    for secret, value in (("git-user", USER), ("git-password", PASSWORD)):
        admin.put(f"/secrets/{secret}", {"value": value})
    sources = {
        "kind": "scm",
        "connector": "git",
        "endpoint": git_http.endpoint,
        "networks": ["127.0.0.0/8"],
        "credentials": {"username": "secret://git-user", "password": "secret://git-password"},
    }
    followed = {
        "integration": "sources",
        "repository": f"shop/{made.path.name}",
        "files": ["stella.yaml"],
    }
    listed = [
        document("Integration", "sources", sources),
        document("FollowedRepository", "config", followed),
    ]
    admin.post("/apply", {"documents": listed, "owner": "test-repositories"})
    yield made
    shop_server.withdraw("test-repositories")
    for secret in ("git-user", "git-password"):
        admin.delete(f"/secrets/{secret}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_a_repository_says_is_shown_and_asked_for(
    open_console: Callable[..., Console],
    shop_server: ShopServer,
    repository: Repository,
    theme: str,
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/environments")
    part = console.main.get_by_role("region", name="Followed repositories")
    expect(part.get_by_text("Applied", exact=True).first).to_be_visible()
    expect(part.get_by_text("1 document").first).to_be_visible()
    part.get_by_text("1 file", exact=True).click()
    expect(part.get_by_role("listitem")).to_contain_text("stella.yaml 1 document")
    console.picture(f"repositories-{theme}")
    assert console.violations() == []
    (repository.work / "stella.yaml").write_text("kind: [")
    repository.commit("Break it")
    repository.push()
    part.get_by_role("button", name="Look now").click()
    expect(part.get_by_role("alert")).to_contain_text("stella.yaml, line")
    expect(part.get_by_text("Break it")).to_be_visible()
    expect(part.get_by_text("Refused")).to_be_visible()
    console.picture(f"repositories-refused-{theme}")
    assert console.violations() == []
