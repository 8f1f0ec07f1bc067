"""One request for several environments: what each would say is seen before it is sent."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser
OWNER = "test-several"


def environment(name: str, **spec: Any) -> list[dict[str, Any]]:
    """With a target that no agent serves: enough to be asked for."""
    rules = {"policy": "starter", "parameters": {"severityMax": "critical"}, **spec}
    target = {"environment": name, "connector": "docker", "agent": "nobody", "project": name}
    return [
        {"apiVersion": "stella/v1", "kind": "Environment", "name": name, "spec": rules},
        {"apiVersion": "stella/v1", "kind": "Target", "name": f"{name}-1", "spec": target},
    ]


@pytest.fixture
def road(shop_server: ShopServer) -> Iterator[None]:
    """Two more environments, one after the other; gone afterwards."""
    documents = [
        *environment("east", approvals=[{"rule": "lead", "approvers": ["ann"]}]),
        *environment("west", after="east"),
    ]
    shop_server.admin.post("/apply", {"owner": OWNER, "documents": documents})
    yield
    # West first: it is blocked by itself as soon as east, which it waits for, has ended.
    for place in ("west", "east"):
        waiting = shop_server.admin.get("/promotions", environment=place, state="waiting")
        for one in waiting["items"]:
            shop_server.admin.post(f"/promotions/{one['id']}/cancel", {"comment": "tidied up"})
    shop_server.withdraw(OWNER)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_one_request_for_several_environments_shows_each_verdict_first(
    open_console: Callable[..., Console], shop_server: ShopServer, road: None, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("dana")
    console.go("/promotions/new")
    console.page.get_by_label("Release").select_option(label="shop 2.0.0")
    box = console.page.get_by_role("checkbox", name="west")
    box.focus()
    console.page.keyboard.press("Space")
    expect(console.main.get_by_text("It would be blocked.")).to_be_visible()
    console.page.get_by_role("checkbox", name="east").check()
    verdicts = console.page.get_by_role("region", name="What the gates of each would say")
    expect(verdicts).to_contain_text("2 would wait.")
    expect(verdicts).to_contain_text("is on its way to east (this request)")
    assert "environment=east%2Cwest" in console.page.url
    console.picture(f"several-{theme}")
    assert console.violations() == []
    verdicts.get_by_text("on its way to east").first.click()
    expect(verdicts.get_by_role("heading", name="Gates of west")).to_be_visible()
    console.picture(f"several-unfolded-{theme}")
    assert console.violations() == []
    if theme == "dark":
        return
    before = len(shop_server.admin.get("/promotions")["items"])
    console.button("Request all 2").click()
    expect(console.page).to_have_url(re.compile(r"/promotions\?release=rel_"))
    expect(console.main.get_by_role("table", name="Promotions")).to_contain_text("west")
    assert len(shop_server.admin.get("/promotions")["items"]) == before + 2


def test_what_is_refused_for_one_is_asked_for_in_none(
    open_console: Callable[..., Console], shop_server: ShopServer, road: None
) -> None:
    """prod is asked for already: the whole request is refused, where it was sent."""
    console = open_console()
    console.sign_in("dana")
    waiting = shop_server.admin.get(f"/promotions/{shop_server.waiting}")
    release = waiting["release"]["id"]
    console.go(f"/promotions/new?release={release}&environment=east,prod")
    before = len(shop_server.admin.get("/promotions")["items"])
    console.button("Request all 2").click()
    expect(console.page.get_by_role("alert")).to_contain_text("ST-PRO-029")
    assert len(shop_server.admin.get("/promotions")["items"]) == before
