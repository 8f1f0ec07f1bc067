"""Components with their versions, and releases made of them by a template, in the console."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from console.hub import effect, field
from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser
OWNER = "test-components"


def document(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


@pytest.fixture
def catalogue(shop_server: ShopServer) -> Iterator[list[str]]:
    """The shop's components as they lie in its registry, and a template of them; gone afterwards."""
    release = shop_server.admin.get(f"/promotions/{shop_server.waiting}")["release"]["id"]
    held = shop_server.admin.get(f"/releases/{release}")["components"]
    components = {one["name"]: one["reference"].rpartition(":")[0] for one in held}
    channels = {"next": {"prereleases": True, "range": ">=1"}, "old": {"range": "<1"}}
    documents = [
        *(
            document("Component", name, image=image, channels=channels if name == "web" else {})
            for name, image in components.items()
        ),
        document(
            "ReleaseTemplate",
            "shop-nightly",
            components={name: {} for name in components},
            version="nightly-{counter}",
        ),
    ]
    shop_server.admin.post("/apply", {"owner": OWNER, "documents": documents})
    yield sorted(components)
    shop_server.withdraw(OWNER)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_component_shows_its_versions_who_took_them_and_where_they_run(
    open_console: Callable[..., Console],
    shop_server: ShopServer,
    catalogue: list[str],
    theme: str,
) -> None:
    console = open_console(theme=theme)
    console.sign_in("dana")
    console.go("/components")
    table = console.main.get_by_role("table", name="Components")
    expect(table.get_by_role("row")).to_have_count(len(catalogue) + 1)
    console.picture(f"components-{theme}")
    assert console.violations() == []
    console.page.keyboard.press("/")
    console.page.keyboard.type("next")
    expect(table.get_by_role("row")).to_have_count(2)
    console.page.keyboard.press("Escape")
    console.page.keyboard.press("Escape")
    console.page.keyboard.press("j")
    console.main.get_by_role("link", name="web", exact=True).click()
    expect(console.heading).to_have_text("web")
    versions = console.main.get_by_role("table", name="Versions", exact=True)
    expect(versions.get_by_role("row").nth(1)).to_contain_text("shop")
    expect(versions.get_by_text("sealed").first).to_be_visible()
    versions.get_by_role("button", name="Resolve").first.click()
    expect(versions.get_by_text("linux/").first).to_be_visible()
    expect(versions.get_by_text("stage")).to_be_visible()
    console.picture(f"component-{theme}")
    assert console.violations() == []
    console.page.get_by_label("Channel", exact=True).select_option("old")
    expect(console.main.get_by_text("is a version by this rule")).to_be_visible()
    assert "channel=old" in console.page.url


def test_who_makes_no_releases_asks_no_registry(
    open_console: Callable[..., Console], shop_server: ShopServer, catalogue: list[str]
) -> None:
    console = open_console()
    console.sign_in("ann")
    console.go("/components/web")
    expect(
        console.main.get_by_text("This needs the permission release.create").first
    ).to_be_visible()
    expect(console.button("Change it")).to_have_attribute("data-disabled", "true")


@pytest.fixture
def extra(shop_server: ShopServer) -> Iterator[None]:
    """Whatever becomes of the component extra is gone afterwards."""
    yield
    ours = {
        "owner": OWNER,
        "takeOver": True,
        "documents": [document("Component", "extra", image="registry.example/shop/extra")],
    }
    shop_server.admin.post("/apply", ours)
    shop_server.withdraw(OWNER)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_component_is_written_with_each_refusal_at_its_field(
    open_console: Callable[..., Console], shop_server: ShopServer, extra: None, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/components/+new")
    field(console, "Name").fill("extra")
    field(console, "Repository").fill("registry.example/shop/extra:1.0")
    field(console, "Range").fill("about 1")
    console.button("Add a channel").click()
    field(console, "Name of the new channel").fill("next")
    field(console, "Tags of next").fill("no version")
    expect(effect(console).get_by_text("3 fields to correct")).to_be_visible()
    expect(console.page.get_by_text("the repository alone, without a tag")).to_be_visible()
    expect(effect(console)).to_contain_text("Tags of channel next")
    console.picture(f"component-form-{theme}")
    assert console.violations() == []
    field(console, "Repository").fill("registry.example/shop/extra")
    field(console, "Range").fill("^1.2")
    field(console, "Tags of next").fill("v{version}")
    expect(effect(console).get_by_text("The server would take it")).to_be_visible()
    console.button("Add it").click()
    expect(console.heading).to_have_text("extra")
    kept = shop_server.admin.get("/release-components/extra")
    assert (kept["versions"]["range"], kept["channels"]["next"]["tag"]) == ("^1.2", "v{version}")
    console.button("Change it").click()
    field(console, "Range").fill("^2")
    expect(effect(console)).to_contain_text("versions.range")
    console.button("Save the change").click()
    expect(console.main.get_by_text("within ^2")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_next_release_of_a_template_is_seen_before_it_is_made(
    open_console: Callable[..., Console],
    shop_server: ShopServer,
    catalogue: list[str],
    theme: str,
) -> None:
    console = open_console(theme=theme)
    console.sign_in("dana")
    console.go("/templates/shop-nightly")
    would = console.main.get_by_role("table", name="What would be sealed")
    expect(would.get_by_role("row")).to_have_count(len(catalogue) + 1)
    console.picture(f"template-{theme}")
    assert console.violations() == []
    field(console, "Version of web").fill("99.0.0")
    console.page.keyboard.press("Tab")
    expect(console.main.get_by_text("has no version '99.0.0'").first).to_be_visible()
    expect(console.button("Seal the release")).to_have_attribute("data-disabled", "true")
    console.picture(f"template-refused-{theme}")
    assert console.violations() == []
    field(console, "Version of web").fill("")
    console.page.keyboard.press("Tab")
    expect(would.get_by_role("row")).to_have_count(len(catalogue) + 1)
    console.button("Seal the release").click()
    expect(console.heading).to_contain_text("shop-nightly nightly-")
