"""The findings of all images, an advisory with its answer, and where VEX came from, on the real server."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer
from fixtures.language_models import MODEL, TOKEN, PlayedModel, played_model, sentence

pytestmark = pytest.mark.browser


def test_filters_are_pills_that_stand_in_the_address(open_console: Callable[..., Console]) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/findings")
    table = console.page.get_by_role("table", name="Findings")
    expect(table).to_contain_text("urllib3")
    console.picture("findings-light")
    console.page.get_by_role("button", name="fix at hand").click()
    console.page.get_by_role("button", name="high", exact=True).click()
    expect(console.page).to_have_url(re.compile("fixable=true"))
    expect(console.page).to_have_url(re.compile("severity=high"))
    expect(console.main).to_contain_text("stella finding list --fixable")
    expect(table).not_to_contain_text("no fix")
    table.get_by_role("button", name="urllib3 1.26.4").first.click()
    expect(console.page).to_have_url(re.compile("component=urllib3"))
    table.locator("button[aria-expanded=false]").first.click()
    expect(table).to_contain_text("What is known of it")
    assert console.violations() == []
    console.page.get_by_role("button", name="exploited").click()
    expect(console.main).to_contain_text("No finding fits these filters")


def test_reachability_is_filtered_by_pills_and_told_with_its_why(
    open_console: Callable[..., Console],
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/findings")
    table = console.page.get_by_role("table", name="Findings")
    console.page.get_by_role("button", name="unreachable", exact=True).click()
    expect(console.page).to_have_url(re.compile("reach=unreachable"))
    expect(console.main).to_contain_text("No finding fits these filters")
    console.page.get_by_role("button", name="reach unknown", exact=True).click()
    expect(console.page).to_have_url(re.compile("reach=unknown(,|%2C)unreachable"))
    table.locator("button[aria-expanded=false]").first.click()
    reach = table.get_by_role("region", name="Reachability").first
    expect(reach).to_contain_text("unknown: nobody has looked")
    console.picture("reach-light")
    assert console.violations() == []


def test_an_advisory_has_its_sources_and_a_cited_answer(
    open_console: Callable[..., Console],
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/advisories/CVE-2023-43804")
    short = console.page.get_by_role("region", name="In short")
    expect(short).to_contain_text("Update urllib3")
    expect(short).to_contain_text("[1")
    expect(console.page.get_by_role("table", name="Advisories")).to_contain_text("urllib3")
    short.get_by_text("sources").first.click()
    expect(short).to_contain_text("record, ")
    console.picture("advisory-light")
    short.get_by_role("textbox").fill("which proxy")
    short.get_by_role("button", name="Ask").click()
    expect(short).to_contain_text("stella advisory ask CVE-2023-43804 which proxy")
    assert console.violations() == []


@pytest.fixture
def model(shop_server: ShopServer) -> Iterator[PlayedModel]:
    """Integrated as ``writer``: it repeats the first line that it is told, and makes one up."""

    def say(told: str) -> dict[str, Any]:
        first = told.partition("Text 1:\n")[2].partition("\n")[0]
        return {"sentences": [sentence(one, (1, first)) for one in (first, "It is fixed in 99.1.")]}

    with played_model() as played:
        played.say = say
        admin = shop_server.admin
        admin.put("/secrets/model-token", {"value": TOKEN})
        spec = {
            "kind": "language_model",
            "connector": "openai-compatible",
            "endpoint": played.endpoint,
            "config": {"model": MODEL},
            "credentials": {"token": "secret://model-token"},
        }
        made = {"apiVersion": "stella/v1", "kind": "Integration", "name": "writer", "spec": spec}
        admin.post("/apply", {"documents": [made]})
        yield played
        admin.delete("/integrations/writer")
        admin.delete("/secrets/model-token")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_answer_may_be_written_by_a_model_and_shows_what_it_quotes(
    open_console: Callable[..., Console], model: PlayedModel, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/advisories/CVE-2023-43804")
    console.page.get_by_role("button", name="Let writer write it").click()
    written = console.page.get_by_role("region", name="Written answer")
    expect(written).to_contain_text("Written by writer. 1 left out")
    expect(written).not_to_contain_text("99.1")
    expect(written.locator("blockquote").first).to_be_visible()
    console.picture(f"advisory-written-{theme}")
    assert console.violations() == []


def test_the_page_of_vex_says_from_where_and_how_old(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    spec = {
        "kind": "feed",
        "connector": "http-feed",
        "endpoint": "https://127.0.0.1:9",
        "config": {"content": "vex"},
    }
    made = {"apiVersion": "stella/v1", "kind": "Integration", "name": "hub", "spec": spec}
    shop_server.admin.post("/apply", {"documents": [made]})
    console = open_console()
    console.sign_in("olga")
    console.go("/vex")
    feeds = console.page.get_by_role("table", name="Feeds")
    expect(feeds).to_contain_text("hub")
    expect(feeds).to_contain_text("nobody names it")
    console.picture("vex-light")
    feeds.get_by_role("button", name="Look now").click()
    expect(feeds).to_contain_text("not brought up to date", timeout=30_000)
    assert console.violations() == []
    shop_server.admin.delete("/integrations/hub")
