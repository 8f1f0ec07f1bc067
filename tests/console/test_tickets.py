"""A change ticket is named where a promotion is asked for, and shown with what is known of it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser


def test_a_ticket_is_named_and_its_standing_is_shown(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    admin = shop_server.admin
    release = admin.get("/promotions/" + shop_server.waiting)["release"]
    config = {"project": "OPS", "change_tickets": True, "approved_statuses": ["Approved"]}
    spec = {
        "kind": "notifier",
        "connector": "jira",
        "endpoint": "https://127.0.0.1:9",
        "config": config,
        "credentials": {"email": "env://NOT_SET", "token": "env://NOT_SET"},
    }
    made = {"apiVersion": "stella/v1", "kind": "Integration", "name": "ops", "spec": spec}
    admin.post("/apply", {"documents": [made]})
    console = open_console()
    console.sign_in("dana")
    console.go(f"/promotions/new?release={release['id']}&environment=dev")
    field = console.page.get_by_role("textbox", name="Change ticket")
    field.fill("no key")
    field.blur()
    expect(console.main).to_contain_text("names no ticket")
    field = console.page.get_by_role("textbox", name="Change ticket")
    field.fill("OPS-7")
    field.blur()
    expect(console.main).to_contain_text("--ticket OPS-7")
    console.button("Request it").click()
    expect(console.main).to_contain_text("OPS-7 of ops", timeout=60_000)
    expect(console.main).to_contain_text("not known: ", timeout=60_000)
    for theme in ("light", "dark"):
        console.page.emulate_media(color_scheme=theme)
        console.picture(f"ticket-{theme}")
    assert console.violations() == []
    admin.delete("/integrations/ops")
