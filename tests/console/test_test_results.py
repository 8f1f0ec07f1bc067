"""What tests said of an image stands above its findings, with whose word it is."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from api.test_test_results import statement
from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser


def test_results_of_tests_stand_above_the_findings(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    admin = shop_server.admin
    release = admin.get("/promotions/" + shop_server.waiting)["release"]
    found = admin.get(f"/releases/{release['id']}")["components"][0]["scans"][0]
    failed = [f"unit: cart.test_{number}" for number in range(5)]
    for content in (
        statement(found["platformDigest"], url="https://ci.example/1"),
        statement(found["platformDigest"], "FAILED", "e2e", failedTests=failed),
    ):
        admin.post("/test-results", {"document": content.decode()})
    for theme in ("light", "dark"):
        console = open_console(theme=theme)
        console.sign_in("olga")
        console.go(f"/releases/{release['id']}/findings/{found['id']}")
        table = console.page.get_by_role("table", name="Test results")
        expect(table).to_contain_text("unit: cart.test_2 and 2 more")
        expect(table).to_contain_text("not signed")
        console.picture(f"test-results-{theme}")
        assert console.violations() == []
