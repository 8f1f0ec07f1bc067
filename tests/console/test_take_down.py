"""What runs in an environment is taken down from its page: shown, confirmed by its name, and gone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def review(shop_server: ShopServer, theme: str) -> Iterator[str]:
    """An environment beside dev, in which version 2 runs on the same hosts; its last deployment."""
    admin, name = shop_server.admin, f"review-{theme}"
    place = {"apiVersion": "stella/v1", "kind": "Environment", "name": name, "spec": {}}
    targets = [
        {
            "apiVersion": "stella/v1",
            "kind": "Target",
            "name": one["name"].replace("dev", name),
            "spec": {
                "environment": name,
                "connector": "docker",
                "agent": one["agent"],
                "project": f"{name}-{one['name']}",
                "components": one["components"],
            },
        }
        for one in admin.get("/targets", environment="dev")["items"]
    ]
    owned = {"owner": name, "prune": True}
    admin.post("/apply", {"documents": [place, *targets], **owned})
    wish = {"release": "shop@2.0.0", "environment": name, "reason": "to be reviewed"}
    asked = admin.post("/promotions", wish)["id"]
    shop_server.walk.until(
        f"{name} runs it", lambda: admin.get(f"/promotions/{asked}")["state"] == "deployed"
    )
    yield name
    if admin.get(f"/environments/{name}")["current"]:
        admin.post(f"/environments/{name}/take-down", {"reason": "the test is over"})
    shop_server.withdraw(name)


def test_it_is_shown_confirmed_and_gone(
    open_console: Callable[..., Console], shop_server: ShopServer, review: str, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go(f"/environments/{review}")
    console.button("Take down").click()
    dialog = console.page.get_by_role("dialog")
    goes = dialog.get_by_role("list", name="What goes")
    expect(goes).to_contain_text("web")
    submit = dialog.get_by_role("button", name="Take it down")
    expect(submit).to_be_disabled()
    dialog.get_by_label("Reason").fill("the review is over")
    expect(submit).to_be_disabled()
    dialog.get_by_label(f"Type {review} to confirm").fill(review)
    expect(submit).to_be_enabled()
    console.picture(f"take-down-asked-{theme}")
    assert console.violations() == []
    submit.click()
    expect(dialog).to_have_count(0)
    expect(console.main.get_by_text("Taken down", exact=True)).to_be_visible()
    expect(console.main.get_by_text("the review is over")).to_be_visible()
    expect(console.main.get_by_role("link", name="its evidence")).to_be_visible()
    console.picture(f"take-down-done-{theme}")
    assert console.violations() == []
    assert shop_server.admin.get(f"/environments/{review}")["current"] is None


def test_what_is_against_it_is_said_and_nothing_can_be_done(
    open_console: Callable[..., Console],
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/environments/prod")
    console.button("Take down").click()
    dialog = console.page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("needs approval")
    dialog.get_by_label("Reason").fill("just so")
    dialog.get_by_label("Type prod to confirm").fill("prod")
    expect(dialog.get_by_role("button", name="Take it down")).to_be_disabled()
    console.picture("take-down-refused")
    assert console.violations() == []


def test_who_may_not_is_told_so(open_console: Callable[..., Console]) -> None:
    console = open_console()
    console.sign_in("dana")
    console.go("/environments/stage")
    expect(console.button("Take down")).to_have_attribute("data-disabled", "true")
