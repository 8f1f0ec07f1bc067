"""Notifications in the console, on the real server: rules, a test message, and what became of it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from connectors.notifiers import Receiver
from console.hub import apply
from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser


def test_a_test_message_is_sent_and_its_outcome_shows(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/notifications")
    expect(console.main).to_contain_text("Nobody is told of anything yet")
    with Receiver().served() as receiver:
        clean.admin.put("/secrets/hook", {"value": receiver.secret})
        hook = {
            "kind": "notifier",
            "connector": "webhook-out",
            "endpoint": f"{receiver.endpoint}/hooks/stella",
            "credentials": {"signing_secret": "secret://hook"},
        }
        rule = {"on": ["PromotionApproved"], "integration": "hook"}
        head = {"apiVersion": "stella/v1"}
        apply(
            clean,
            {**head, "kind": "Integration", "name": "hook", "spec": hook},
            {**head, "kind": "Notification", "name": "releases", "spec": rule},
        )
        row = console.page.get_by_role("row", name=re.compile("releases PromotionApproved"))
        expect(row).to_contain_text("nothing yet")
        row.get_by_role("button", name="Send a test message").click()
        sent = console.page.get_by_role("row", name=re.compile("a test of the notification"))
        expect(sent).to_contain_text("Sent")
        assert any("a test of the notification releases" in one for one in receiver.seen())
        receiver.secret = f"whsec_{'d3Jvbmc' * 4}"
        row.get_by_role("button", name="Send a test message").click()
        expect(sent.first).to_contain_text("Given up")
        expect(sent.first).to_contain_text("HTTP 401")
        sent.first.get_by_role("button", name="Send again").click()
        expect(sent.first).to_contain_text("Given up")
    clean.admin.delete("/notifications/releases")


def test_who_may_only_look_sees_why_they_may_not(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    console = open_console()
    console.sign_in("dana")
    console.go("/notifications")
    expect(console.main).to_contain_text("Nobody is told of anything yet")
