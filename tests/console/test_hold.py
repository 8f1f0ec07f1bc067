"""An environment is held and let go on from its page; everybody sees it on the matrix."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser


@pytest.fixture
def held(shop_server: ShopServer) -> Iterator[Any]:
    """Stage is held."""
    reason = {"reason": "the night shift looks at it first"}
    yield shop_server.admin.post("/environments/stage/hold", reason)
    if shop_server.admin.get("/environments/stage")["hold"]:
        shop_server.admin.post("/environments/stage/resume", reason)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_hold_is_seen_everywhere_and_ends_from_its_page(
    open_console: Callable[..., Console], shop_server: ShopServer, held: Any, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/")
    expect(console.page.get_by_role("columnheader", name="stage")).to_contain_text("Held")
    console.picture(f"matrix-held-{theme}")
    console.go("/environments")
    expect(console.main.get_by_text("Held", exact=True)).to_have_count(1)
    console.picture(f"environments-held-{theme}")
    assert console.violations() == []
    console.go("/environments/stage")
    expect(console.main.get_by_text(held["hold"]["reason"])).to_be_visible()
    console.picture(f"environment-held-{theme}")
    assert console.violations() == []
    console.button("Let it go on").click()
    console.page.get_by_label("Reason").fill("all is well")
    console.page.get_by_role("dialog").get_by_role("button", name="Let it go on").click()
    expect(console.button("Hold")).to_be_visible()
    assert shop_server.admin.get("/environments/stage")["hold"] is None


def test_who_may_not_hold_it_is_told_so(open_console: Callable[..., Console]) -> None:
    console = open_console()
    console.sign_in("dana")
    console.go("/environments/stage")
    expect(console.button("Hold")).to_have_attribute("data-disabled", "true")
