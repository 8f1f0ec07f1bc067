"""What people do in the console, on the real server; things are found by role and label only."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fixtures.consoles import SECONDS, Console, ShopServer

pytestmark = pytest.mark.browser


def test_a_deep_link_leads_through_the_sign_in_to_where_it_points(
    open_console: Callable[..., Console],
) -> None:
    console = open_console()
    console.go("/promotions?state=blocked")
    expect(console.heading).to_have_text("Stella Ops")
    console.page.get_by_label("Name").fill("olga")
    console.page.get_by_label("Password", exact=True).fill("not it")
    console.button("Sign in").click()
    expect(console.page.get_by_role("alert")).to_contain_text("ST-IDN-")
    console.page.get_by_label("Password", exact=True).fill("correct horse battery")
    console.button("Sign in").click()
    expect(console.heading).to_have_text("Promotions")
    assert console.page.url.endswith("/promotions?state=blocked")
    expect(console.page.get_by_role("combobox", name="State")).to_have_value("blocked")


def test_the_matrix_says_what_runs_where(open_console: Callable[..., Console]) -> None:
    console = open_console()
    console.sign_in("olga")
    grid = console.page.get_by_role("grid", name="What runs where")
    row = grid.get_by_role("row").filter(has_text="web")
    expect(row.get_by_role("link", name=re.compile("2.0.0.*Healthy")).first).to_be_visible()
    expect(row).to_contain_text("not deployed")
    row.get_by_role("link", name=re.compile("2.0.0")).first.click()
    drawer = console.page.get_by_role("dialog", name="web in dev")
    expect(drawer).to_contain_text("History of dev")
    assert "cell=dev" in console.page.url
    drawer.get_by_role("button", name="Close").click()
    expect(drawer).to_be_hidden()
    console.page.get_by_role("combobox", name="Compare").select_option("dev..stage")
    expect(row).to_contain_text("same")


def test_a_refusal_shows_its_whole_why(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    console = open_console()
    console.sign_in("dana")
    console.go(f"/promotions/{shop_server.blocked}")
    expect(console.main).to_contain_text("Blocked")
    expect(console.main).to_contain_text("What unblocks it:")
    expect(console.main).to_contain_text(re.compile("Fix: update .* or later and build web again"))
    why = console.main.get_by_text(re.compile("Why: package, file, layer")).first
    why.click()
    expect(console.main).to_contain_text("dist-info/METADATA")
    expect(console.main.get_by_text(re.compile(r"^layer \d+$")).first).to_be_visible()
    approve = console.button("Approve")
    expect(approve).to_have_attribute("aria-disabled", "true")
    approve.hover()
    expect(console.page.get_by_role("tooltip")).not_to_be_empty()


def test_two_people_approve_what_they_looked_at_and_it_is_deployed(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    watching = open_console()
    watching.sign_in("olga")
    watching.go(f"/promotions/{shop_server.waiting}")
    expect(watching.main).to_contain_text("Waiting")
    for number, name in enumerate(("ann", "ben"), start=1):
        console = open_console()
        console.sign_in(name)
        expect(console.main.get_by_role("link", name="shop 2.0.0 to prod")).to_be_visible()
        console.main.get_by_role("link", name="shop 2.0.0 to prod").click()
        expect(console.main).to_contain_text("What will change")
        expect(console.main).to_contain_text("Deployment plan")
        console.button("Approve").click()
        dialog = console.page.get_by_role("dialog")
        expect(dialog).to_contain_text("2 targets")
        expect(dialog).to_contain_text(f"stella approve {shop_server.waiting} --plan sha256:")
        dialog.get_by_label("Comment").fill(f"{name} looked at it")
        dialog.get_by_role("button", name="Approve this plan").click()
        expect(dialog).to_be_hidden()
        # The page of somebody else moves on by itself.
        expect(watching.main.get_by_text(f"{name} looked at it")).to_be_visible(timeout=SECONDS)
        if number == 1:
            expect(console.button("Approve")).to_have_attribute("aria-disabled", "true")
    expect(watching.main.get_by_text("Deployed", exact=True).first).to_be_visible(timeout=SECONDS)
    watching.link("Its deployment: targets and log").click()
    expect(watching.main.get_by_text("Succeeded", exact=True).first).to_be_visible(timeout=SECONDS)
    log = watching.page.get_by_role("log")
    expect(log).to_contain_text("pull")
    watching.page.get_by_label("Search the log").fill("sticker")
    expect(watching.main).to_contain_text(re.compile(r"1 of \d+"))
    expect(log.locator("mark").first).to_have_text("sticker")
    watching.picture("deployment-live")


def test_what_would_happen_is_seen_before_anything_is_asked_for(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    console = open_console()
    console.sign_in("dana")
    console.go("/promotions/new")
    console.page.get_by_label("Release").select_option(label="shop 1.0.0")
    console.page.get_by_role("checkbox", name="stage").check()
    expect(console.main).to_contain_text("It would be blocked.")
    expect(console.main).to_contain_text("What will change")
    before = len(shop_server.admin.get("/promotions")["items"])
    console.button("Request it").click()
    expect(console.page).to_have_url(re.compile("/promotions/prm_"))
    expect(console.main.get_by_text("Blocked", exact=True).first).to_be_visible(timeout=SECONDS)
    assert len(shop_server.admin.get("/promotions")["items"]) == before + 1


def test_a_release_is_made_from_another_and_a_missing_tag_is_told(
    open_console: Callable[..., Console],
) -> None:
    console = open_console()
    console.sign_in("dana")
    console.go("/releases")
    console.link("shop 2.0.0").click()
    expect(console.main).to_contain_text("runs now")
    console.button("Make the next").click()
    console.page.get_by_label("Version").fill("2.0.1")
    image = console.page.get_by_label("Image of component 1")
    good = image.input_value()
    image.fill("registry.simulated/shop/web:9.9.9")
    console.button("Seal the release").click()
    refusal = console.page.get_by_role("alert")
    expect(refusal).to_contain_text("9.9.9")
    expect(refusal).to_contain_text("ST-")
    image.fill(good)
    console.button("Seal the release").click()
    expect(console.heading).to_have_text("shop 2.0.1")
    expect(console.page.get_by_role("status").last).to_contain_text("is sealed")


def test_findings_are_filtered_on_the_server_and_explained(
    open_console: Callable[..., Console],
) -> None:
    console = open_console()
    console.sign_in("dana")
    console.go("/releases")
    console.link("shop 1.0.0").click()
    console.link("Findings of linux/amd64").first.click()
    table = console.page.get_by_role("table", name="Findings")
    expect(table).to_contain_text("certifi")
    console.page.get_by_label("Advisory or package").fill("urllib3")
    expect(table).not_to_contain_text("certifi")
    assert "q=urllib3" in console.page.url
    table.get_by_role("button").first.click()
    expect(table).to_contain_text("METADATA")
    expect(table).to_contain_text("this package lies beside it")
    expect(console.main).to_contain_text("/srv/web.py by /usr/bin/python3")
    expect(console.main).to_contain_text("root, for no user is named")
    console.page.go_back()
    expect(console.heading).to_contain_text("shop 1.0.0")


def test_evidence_is_verified_and_handed_out(open_console: Callable[..., Console]) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/evidence")
    console.page.get_by_role("table").get_by_role(
        "link", name=re.compile(r"promotion")
    ).first.click()
    verdict = console.page.get_by_role("region", name="Verification")
    expect(verdict).to_contain_text("It verifies")
    expect(console.main).to_contain_text("stella evidence verify")
    with console.page.expect_download() as download:
        console.link("Download").first.click()
    assert download.value.suggested_filename.endswith(".stella.tar")
    console.button("decision/record.json").click()
    expect(console.page.get_by_role("dialog")).to_contain_text('"planDigest"')


def test_a_freeze_is_begun_seen_and_ended(open_console: Callable[..., Console]) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/environments/stage")
    console.button("Freeze").click()
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("Until").fill("2099-01-01T10:00")
    dialog.get_by_label("Reason").fill("the year turns")
    dialog.get_by_role("button", name="Freeze it").click()
    expect(console.main).to_contain_text("Holds now")
    console.go("/")
    expect(
        console.page.get_by_role("columnheader", name=re.compile("stage.*Frozen"))
    ).to_be_visible()
    console.go("/environments/stage")
    console.button("End it").click()
    dialog.get_by_label("Why now").fill("it turned")
    dialog.get_by_role("button", name="End it now").click()
    expect(console.main).to_contain_text("None holds or comes")


def test_enrolling_an_agent_gives_the_command_to_copy(open_console: Callable[..., Console]) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/agents")
    expect(console.page.get_by_role("row", name=re.compile("host-a.*Online"))).to_be_visible()
    console.button("Enrol an agent").click()
    console.page.get_by_label("Name").fill("host-c")
    console.button("Give me the command").click()
    dialog = console.page.get_by_role("dialog", name="Enrol host-c")
    expect(dialog).to_contain_text(re.compile("stella agent enroll --url https://.* --token "))
    expect(dialog).to_contain_text("Waiting for it to come")


def test_what_a_role_may_not_do_stays_in_its_place_and_says_why(
    open_console: Callable[..., Console],
) -> None:
    console = open_console()
    console.sign_in("dana")
    console.go("/environments/prod")
    roll = console.button("Roll back")
    expect(roll).to_have_attribute("aria-disabled", "true")
    expect(roll).to_have_accessible_description(re.compile("deployment.operate"))
    roll.click(force=True)
    expect(console.page.get_by_role("dialog")).to_have_count(0)
    console.go("/access")
    expect(console.main).to_contain_text("needs the permission user.change")


def test_the_chain_of_facts_holds_and_the_newest_comes_first(
    open_console: Callable[..., Console],
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/audit")
    expect(console.main).to_contain_text(re.compile(r"The chain holds: \d+ facts"))
    table = console.page.get_by_role("table", name="Facts")
    expect(table.get_by_role("row").nth(1)).to_contain_text("UserLoggedIn")
    console.page.get_by_label("Kind, as PromotionApproved").fill("PromotionBlocked")
    expect(table.get_by_role("row").nth(1)).to_contain_text("PromotionBlocked")


def test_the_keyboard_alone_is_enough(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    console = open_console()
    console.sign_in("olga")
    keyboard = console.page.keyboard
    expect(console.page.get_by_role("navigation", name="Pages")).to_be_visible()
    keyboard.press("g")
    keyboard.press("r")
    expect(console.heading).to_have_text("Releases")
    rows = console.page.get_by_role("table").get_by_role("row")
    expect(rows.nth(1)).to_be_visible()
    every = rows.count()
    keyboard.press("/")
    expect(console.page.get_by_label("Name or version")).to_be_focused()
    keyboard.type("1.0.0")
    expect(rows).to_have_count(2)
    keyboard.press("Escape")
    keyboard.press("Escape")
    # The list is asked for anew a moment after the filter is gone: only then does a row stay where it is.
    expect(rows).to_have_count(every)
    keyboard.press("j")
    keyboard.press("Enter")
    expect(console.heading).to_contain_text("shop")
    keyboard.press("?")
    expect(console.page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    keyboard.press("Escape")
    expect(console.page.get_by_role("dialog")).to_have_count(0)
    keyboard.press("Control+k")
    expect(console.page.get_by_role("combobox", name="Go to or do anything")).to_be_focused()
    keyboard.type(shop_server.blocked)
    expect(console.page.get_by_role("option").first).to_contain_text(shop_server.blocked)
    keyboard.press("Enter")
    expect(console.heading).to_contain_text("shop 1.0.0")


def test_when_the_server_is_away_the_console_says_so_and_comes_back(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    console = open_console()
    console.sign_in("olga")
    expect(console.page.get_by_text("Live", exact=True)).to_be_visible()
    shop_server.stage.stop_server()
    try:
        expect(console.page.get_by_text("Reconnecting", exact=True)).to_be_visible()
        console.page.get_by_role("navigation", name="Pages").get_by_role(
            "link", name="Agents"
        ).click()
        expect(console.page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    finally:
        shop_server.stage.run_server()
    expect(console.page.get_by_role("table", name="Agents")).to_be_visible(timeout=SECONDS)
    expect(console.page.get_by_text("Live", exact=True)).to_be_visible()
