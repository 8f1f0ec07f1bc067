"""The console tells of a broken glass before everything else, and takes two people's word for it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from fixtures.consoles import SECONDS, Console, ShopServer

pytestmark = pytest.mark.browser


@pytest.fixture
def held(shop_server: ShopServer) -> str:
    """A promotion that the policy blocks, where dana and ann may break the glass; its id."""
    admin = shop_server.admin
    spec = {
        "policy": "starter",
        "parameters": {"severityMax": "low"},
        "breakGlass": {"by": ["dana", "ann"], "hoursMax": 2},
    }
    target = {"environment": "rescue", "connector": "docker", "agent": "nobody", "project": "shop"}
    documents = [
        {"apiVersion": "stella/v1", "kind": "Environment", "name": "rescue", "spec": spec},
        {"apiVersion": "stella/v1", "kind": "Target", "name": "rescue-1", "spec": target},
    ]
    admin.post("/apply", {"documents": documents})
    asked = {"release": "shop@1.0.0", "environment": "rescue", "reason": "mend the shop"}
    made = admin.post("/promotions", asked)
    deadline = time.monotonic() + 60
    while admin.get(f"/promotions/{made['id']}")["state"] != "blocked":
        assert time.monotonic() < deadline, "it was not judged"
        time.sleep(0.1)
    return str(made["id"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_people_break_the_glass_and_the_page_says_it_first(
    open_console: Callable[..., Console], held: str, theme: str
) -> None:
    dana = open_console(theme=theme)
    dana.sign_in("dana")
    dana.go(f"/promotions/{held}")
    panel = dana.page.locator("section").filter(
        has=dana.page.get_by_role("heading", name="Break-glass")
    )
    panel.get_by_role("button", name="Ask for it").click()
    zone_min = dana.page.evaluate("new Date().getTimezoneOffset()")
    until = datetime.now(UTC) + timedelta(hours=1) - timedelta(minutes=zone_min)
    dana.page.get_by_label("Until").fill(until.strftime("%Y-%m-%dT%H:%M"))
    dana.page.get_by_label("The emergency").fill("the shop is down")
    dana.picture(f"break-glass-ask-{theme}")
    dana.page.get_by_role("dialog").get_by_role("button", name="Ask for it").click()
    expect(panel).to_contain_text("Waits for a second person", timeout=SECONDS)
    agree = panel.get_by_role("button", name="Agree")
    expect(agree).to_have_attribute("aria-disabled", "true")
    dana.picture(f"break-glass-asked-{theme}")

    ann = open_console(theme=theme)
    ann.sign_in("ann")
    ann.go(f"/promotions/{held}")
    ann.button("Agree").click()
    ann.button("Let it through").click()
    banner = ann.page.get_by_role("region", name="Passed by break-glass")
    expect(banner).to_contain_text(
        "dana asked for it, ann agreed: the shop is down", timeout=SECONDS
    )
    expect(banner).to_contain_text("PolicyBlocked")
    expect(ann.page.get_by_text("Passed by break-glass by")).to_be_visible()
    assert not ann.violations()
    ann.picture(f"break-glass-passed-{theme}")
    ann.go("/environments/rescue")
    expect(ann.main).to_contain_text("two of dana, ann, for 2 hours at most")
    ann.picture(f"break-glass-environment-{theme}")
