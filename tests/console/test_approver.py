"""A promotion as its approver reads it: what stands in the way, what changes, what to do."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_promotion_is_read_from_its_top(
    open_console: Callable[..., Console], shop_server: ShopServer, theme: str
) -> None:
    ann = open_console(theme=theme)
    ann.sign_in("ann")
    ann.go(f"/promotions/{shop_server.waiting}")
    expect(ann.button("Approve")).to_be_enabled()
    glance = ann.main.get_by_label("At a glance")
    expect(glance).to_contain_text("Approvals: waiting for ann, ben; 3 gates pass")
    expect(glance).to_contain_text("2 of 2 images")
    expect(ann.main.locator("ol > li").first).to_contain_text("Waiting")
    ann.picture(f"approver-waiting-{theme}")
    assert ann.violations() == []
    ann.go(f"/promotions/{shop_server.blocked}")
    expect(ann.main.get_by_text("Blocked", exact=True).first).to_be_visible()
    first = ann.main.locator("ol > li").first
    expect(first).to_contain_text("What unblocks it: the policy would pass")
    expect(first.locator("p").filter(has_text="CVE-").first).to_contain_text("critical")
    expect(ann.main.get_by_text("1 more waits for you")).to_be_visible()
    ann.picture(f"approver-blocked-{theme}")
    assert ann.violations() == []
    ann.link("Go there").click()
    expect(ann.heading).to_contain_text("prod")
