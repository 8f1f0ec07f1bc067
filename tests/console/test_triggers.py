"""Triggers in the console: what they hear of, why one cannot start, and rights that are lent."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer
from fixtures.control_planes import wait_until

pytestmark = pytest.mark.browser

OWNER = "test-triggers"
REST = {"uses": "wait", "with": {"seconds": 1}}


def document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


DOCUMENTS = [
    document(
        "Workflow", "nightly", {"inputs": {"word": {"type": "string"}}, "steps": {"rest": REST}}
    ),
    document("Workflow", "built", {"steps": {"rest": REST}}),
    document(
        "Trigger",
        "each-night",
        {
            "workflow": "nightly",
            "description": "Goes round while nobody works",
            "on": {"schedule": {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}},
            "with": {"word": "${{ event.at }}"},
        },
    ),
    document(
        "Trigger",
        "after-built",
        {
            "workflow": "nightly",
            "on": {"event": "RunSucceeded"},
            "if": "event.workflow == 'built'",
            "with": {"word": "${{ event.subject }}"},
        },
    ),
]


@pytest.fixture(scope="module")
def triggers(shop_server: ShopServer) -> Iterator[ShopServer]:
    """Two triggers, of which one has started a run."""
    shop_server.admin.post("/apply", {"documents": DOCUMENTS, "owner": OWNER})
    shop_server.admin.post("/workflows/built/runs", {"inputs": {}})
    wait_until(lambda: shop_server.admin.get("/triggers/after-built")["last"])
    yield shop_server
    wait_until(
        lambda: all(one["endedAt"] for one in shop_server.admin.get("/runs", limit=200)["items"])
    )
    shop_server.withdraw(OWNER)


def signed_in(console: Console) -> Console:
    console.sign_in("olga")
    return console


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_triggers_say_what_they_hear_of_and_what_became_of_it(
    open_console: Callable[..., Console], triggers: ShopServer, theme: str
) -> None:
    console = signed_in(open_console(theme=theme))
    console.go("/triggers")
    table = console.page.get_by_role("table", name="Triggers")
    night = table.get_by_role("row", name="each-night")
    expect(night).to_contain_text("30 2 * * *")
    expect(night).to_contain_text("Europe/Berlin")
    expect(night).to_contain_text("Listens")
    console.picture(f"triggers-{theme}")
    table.get_by_role("link", name="Started a run").click()
    events = console.page.get_by_role("table", name="Events")
    expect(events).to_contain_text("RunSucceeded")
    assert console.violations() == []
    console.picture(f"triggers-history-{theme}")
    events.get_by_role("link").first.click()
    expect(console.page.get_by_text("the trigger after-built")).to_be_visible()


def test_a_workflow_that_another_changed_needs_rights_anew_and_a_press_lends_them(
    open_console: Callable[..., Console], triggers: ShopServer
) -> None:
    changed = document(
        "Workflow", "nightly", {"inputs": {"word": {"type": "string"}}, "steps": {"other": REST}}
    )
    console = signed_in(open_console())
    console.go("/triggers")
    row = console.page.get_by_role("table", name="Triggers").get_by_role("row", name="each-night")
    row.get_by_role("button", name="Lend my rights").click()
    expect(row).to_contain_text("with the rights of olga")
    triggers.admin.post("/apply", {"documents": [changed], "owner": OWNER})
    expect(row).to_contain_text("was changed since rights were lent")
    row.get_by_role("button", name="Lend my rights").click()
    expect(row).to_contain_text("Listens")


def test_a_new_one_begins_with_what_it_needs(
    open_console: Callable[..., Console], triggers: ShopServer
) -> None:
    console = signed_in(open_console())
    console.go("/triggers")
    console.page.get_by_role("link", name="New trigger").click()
    text = console.page.get_by_role("textbox", name="New Trigger as YAML")
    expect(text).to_contain_text("kind: Trigger")
