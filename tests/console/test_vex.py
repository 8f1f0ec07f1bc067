"""Who says whether a finding matters is shown with the finding, and one who may can say so."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fixtures.consoles import SECONDS, Console, ShopServer

pytestmark = pytest.mark.browser


def test_a_finding_is_spoken_of_and_the_page_says_who_did(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    admin = shop_server.admin
    release = next(one for one in admin.get("/releases")["items"] if one["version"] == "1.0.0")
    scans = [
        scan
        for component in admin.get(f"/releases/{release['id']}")["components"]
        for scan in component["scans"]
        if scan["counts"] and sum(scan["counts"].values())
    ]
    (finding, *_) = admin.get(f"/scans/{scans[0]['id']}/findings")["items"]
    console = open_console()
    console.sign_in("ann")
    console.go(f"/releases/{release['id']}/findings/{scans[0]['id']}")
    console.page.get_by_role("button", name=finding["id"]).first.click()
    console.button("Say whether it matters").first.click()
    dialog = console.page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Say so")).to_be_disabled()
    dialog.get_by_label("Impact").fill("never called")
    dialog.get_by_label("Valid until").fill("2099-01-01")
    assert console.violations() == []
    console.picture("vex-dialog")
    dialog.get_by_role("button", name="Say so").click()
    said = console.main.get_by_role("region", name="VEX").first
    expect(said).to_contain_text("not affected: never called", timeout=SECONDS)
    expect(said).to_contain_text("says stella (weight 100, signature)")
    assert console.violations() == []
    console.picture("vex-said")
    (document,) = admin.get("/vex")["items"]
    admin.post(f"/vex/{document['id']}/withdraw", {"reason": "only a test"})
    expect(said).to_have_count(0, timeout=SECONDS)
