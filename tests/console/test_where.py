"""Where a vulnerability and a component are, in the console, on the real server."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser


def test_a_vulnerability_and_a_component_are_found_over_all_images(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    (first, *_) = shop_server.admin.get("/releases")["items"][::-1]
    scan = first["components"][0]["scans"][0]["id"]
    (finding, *_) = shop_server.admin.get(f"/scans/{scan}/findings")["items"]
    console = open_console()
    console.sign_in("olga")
    console.go("/where")
    expect(console.main).to_contain_text("Ask for a vulnerability or a component")
    console.page.get_by_role("textbox", name="CVE, advisory or component").fill(finding["id"])
    images = console.page.get_by_role("table", name="Images")
    expect(images).to_contain_text("shop/")
    expect(console.main).to_contain_text(f"stella finding where {finding['id']}")
    expect(console.page).to_have_url(re.compile(f"q={finding['id']}"))
    console.picture("where-light")
    console.page.get_by_role("textbox", name="CVE, advisory or component").fill("urllib3")
    expect(console.page.get_by_role("table", name="Components")).to_contain_text("pkg:pypi/urllib3")
    assert console.violations() == []
    console.page.get_by_role("textbox", name="CVE, advisory or component").fill("nothing-like-it")
    expect(console.main).to_contain_text("In no image that was scanned")
