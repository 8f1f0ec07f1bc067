"""A lifecycle is drawn on its page, a release's page says where it stands, a hotfix is seen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser

STANDARD = {
    "apiVersion": "stella/v1",
    "kind": "Lifecycle",
    "name": "standard",
    "spec": {
        "phases": [
            {"name": "develop", "environments": ["dev"]},
            {"name": "accept", "environments": ["stage"], "soak": 24},
            {"name": "measure", "environments": ["perf"], "after": ["develop"], "optional": True},
            {"name": "live", "environments": ["prod"], "after": ["accept", "measure"]},
        ],
        "channels": ["stable"],
        "hotfix": {"skip": ["accept"], "channels": ["hotfix"], "by": ["developer"]},
        "default": True,
    },
}


@pytest.fixture
def standard(shop_server: ShopServer) -> Iterator[None]:
    """A lifecycle with a branch, and an environment with an end; gone afterwards."""
    perf = {
        "apiVersion": "stella/v1",
        "kind": "Environment",
        "name": "perf",
        "spec": {"after": "dev", "endsAt": "2099-01-01T00:00:00Z"},
    }
    documents = [perf, STANDARD]
    shop_server.admin.post("/apply", {"owner": "test-lifecycles", "documents": documents})
    yield
    shop_server.withdraw("test-lifecycles")


def release_of(shop_server: ShopServer, promotion: str) -> dict[str, Any]:
    found: dict[str, Any] = shop_server.admin.get(f"/promotions/{promotion}")
    return found["release"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lifecycle_is_drawn_with_where_a_release_stands(
    open_console: Callable[..., Console], shop_server: ShopServer, standard: None, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/environments")
    expect(console.main.get_by_role("heading", name="Lifecycles")).to_be_visible()
    expect(console.main.get_by_role("list", name="Phases of standard")).to_be_visible()
    console.picture(f"environments-lifecycles-{theme}")
    assert console.violations() == []
    console.link("standard").first.click()
    expect(console.heading).to_have_text("standard")
    release = release_of(shop_server, shop_server.waiting)
    console.page.get_by_label("Where does it stand").select_option(release["id"])
    expect(console.main.get_by_text("Done", exact=True)).to_have_count(1)
    expect(console.main.get_by_text("Soaks", exact=True)).to_be_visible()
    expect(console.main.get_by_text("Not its turn yet")).to_have_count(1)
    console.picture(f"lifecycle-{theme}")
    assert console.violations() == []
    console.go(f"/releases/{release['id']}")
    expect(console.main.get_by_role("heading", name="Where it stands")).to_be_visible()
    expect(console.main.get_by_role("list", name="Phases of standard")).to_be_visible()
    console.picture(f"release-lifecycle-{theme}")
    assert console.violations() == []
    console.go("/environments/perf")
    expect(console.main.get_by_text("is over")).to_be_visible()
    expect(console.link("standard")).to_be_visible()
    console.picture(f"environment-end-{theme}")
    assert console.violations() == []


def test_a_hotfix_is_previewed_with_what_it_leaves_out(
    open_console: Callable[..., Console], shop_server: ShopServer, standard: None
) -> None:
    console = open_console()
    console.sign_in("dana")
    release = release_of(shop_server, shop_server.waiting)
    console.go(f"/promotions/new?release={release['id']}&environment=prod")
    expect(console.main.get_by_text("It would wait")).to_be_visible()
    console.page.get_by_label("As a hotfix").check()
    expect(console.main.get_by_text("accept of standard left out")).to_be_visible()
    expect(console.button("Request it")).to_have_attribute("data-disabled", "true")
    console.page.get_by_label("Reason").fill("the shop is down")
    console.picture("new-promotion-hotfix")
    assert console.violations() == []
