"""An administrator says in the console by which address somebody commits."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser


def test_an_address_is_given_shown_and_taken_back(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    console = open_console()
    console.sign_in("admin", shop_server.walk.stage.password)
    console.go("/access")
    row = console.page.get_by_role("table", name="Users").get_by_role("row").filter(has_text="ben")
    expect(row).to_contain_text("nobody knows")
    row.get_by_role("button", name="Addresses").click()
    dialog = console.page.get_by_role("dialog")
    expect(dialog).to_contain_text("None is known")
    dialog.get_by_label("Address", exact=True).fill("Ben@example.com")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(row).to_contain_text("ben@example.com")
    row.get_by_role("button", name="Addresses").click()
    console.picture("addresses")
    assert console.violations() == []
    dialog.get_by_role("button", name="Remove ben@example.com").click()
    expect(row).to_contain_text("nobody knows")
