"""Secrets and plugins in the console, on the real server."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from console.hub import CANARY, apply, document, wheel
from fixtures.consoles import PASSWORD, Console, ShopServer

pytestmark = pytest.mark.browser


def test_a_secret_is_stored_and_nothing_of_the_console_holds_it(
    open_console: Callable[..., Console], clean: ShopServer, registry: str
) -> None:
    console = open_console()
    answers: list[Any] = []
    console.sign_in("olga")
    console.go("/secrets")
    expect(console.main).to_contain_text("No secrets yet")
    console.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108
    console.button("Store a secret").click()
    dialog = console.page.get_by_role("dialog")
    value = dialog.get_by_label("Value", exact=True)
    expect(value).to_have_attribute("type", "password")
    expect(value).to_have_attribute("autocomplete", "off")
    dialog.get_by_role("textbox", name="Name").fill("Not A Name")
    value.fill(CANARY)
    dialog.get_by_role("button", name="Store it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("lower-case letters")
    dialog.get_by_role("textbox", name="Name").fill("password")
    dialog.get_by_role("button", name="Store it").click()
    expect(dialog).to_be_hidden()
    row = console.page.get_by_role("row", name=re.compile("password"))
    expect(row).to_contain_text("olga")
    expect(row).to_contain_text("nothing")

    row.get_by_role("button", name="Set a new value").click()
    expect(value).to_have_value("")
    value.fill(f"{CANARY}-2")
    value.press("Enter")
    expect(dialog).to_be_hidden()
    expect(row.get_by_role("cell").nth(1)).to_have_text("2")
    console.button("Rotate the key").click()
    before = row.get_by_role("code").inner_text()
    dialog.get_by_role("button", name="Rotate it").click()
    expect(row.get_by_role("code")).not_to_have_text(before)
    now = row.get_by_role("code").inner_text()
    console.button("Rotate the key").click()
    dialog.get_by_label("Make a new key").uncheck()
    expect(dialog).to_contain_text("stella secret rewrap")
    dialog.get_by_role("button", name="Bring them under it").click()
    expect(dialog).to_be_hidden()
    expect(row.get_by_role("code")).to_have_text(now)

    assert CANARY not in console.page.content()
    held = console.page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage},"
        " [...document.querySelectorAll('input, textarea')].map((one) => one.value)])"
    )
    assert CANARY not in held
    bodies = [one.text() for one in answers if "/api/v1/" in one.url and "/events" not in one.url]
    assert len(bodies) > 3
    assert CANARY not in "".join(bodies)

    apply(clean, document("main", registry, credentials={"password": "secret://password"}))
    expect(row.get_by_role("link", name="main")).to_be_visible()
    row.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("ST-HUB-009")
    console.go("/integrations/main")
    console.button("Delete").click()
    dialog.get_by_role("button", name="Delete it").click()
    expect(console.heading).to_have_text("Integrations")
    console.go("/secrets")
    row.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete it").click()
    expect(console.main).to_contain_text("No secrets yet")


def test_a_plugin_goes_from_its_wheel_to_its_use_and_back(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    root = {"name": "root", "password": PASSWORD, "roles": ["admin"]}
    if "root" not in {one["name"] for one in clean.admin.get("/users")["items"]}:
        clean.admin.post("/users", root)
    console = open_console()
    console.sign_in("root")
    console.go("/plugins")
    table = console.page.get_by_role("table", name="Plugins")
    row = table.get_by_role("row", name=re.compile("^registry"))
    expect(row).to_contain_text("Loaded")
    expect(row).to_contain_text("OCI registry (registry)")
    row.get_by_role("button").click()
    assert console.page.url.endswith("/plugins?open=registry")
    table.get_by_text("Schema of its settings").click()
    expect(table.get_by_label("the schema of oci", exact=True)).to_contain_text('"plain_http"')
    expect(table).to_contain_text("stella plugin show registry")

    dialog = console.page.get_by_role("dialog")

    def choose(button: str, submit: str) -> None:
        console.button(button).click()
        dialog.get_by_role("button", name=submit).click()

    for version in ("1.0.0", "2.0.0"):
        console.button("Install a plugin").click()
        with console.page.expect_file_chooser() as chooser:
            dialog.get_by_role("button", name="Choose a wheel").click()
        chooser.value.set_files([wheel("casks", version)])
        dialog.get_by_role("button", name="Install it").click()
        expect(dialog).to_be_hidden()
    row = table.get_by_role("row", name=re.compile("^casks"))
    expect(row).to_contain_text("Switched off")
    row.get_by_role("button").click()
    expect(table).to_contain_text("nothing: nobody has decided")
    choose("Use 2.0.0", "Use it")
    expect(dialog.get_by_role("alert")).to_contain_text("needs network, which is not granted")
    dialog.get_by_role("button", name="Back").click()
    console.button("Grant").click()
    dialog.get_by_role("checkbox", name="the network").check()
    expect(dialog).to_contain_text("stella plugin grant casks --allow network")
    dialog.get_by_role("button", name="Grant these").click()
    expect(dialog).to_be_hidden()
    choose("Use 2.0.0", "Use it")
    expect(row).to_contain_text("Loaded")
    choose("Use 1.0.0", "Use it")
    expect(table).to_contain_text("1.0.0is used")
    assert console.violations() == []
    console.picture("plugins-casks-light")

    console.button("Grant").click()
    dialog.get_by_role("checkbox", name="the network").uncheck()
    dialog.get_by_role("button", name="Grant these").click()
    expect(row).to_contain_text("Refused")
    row.get_by_role("button").click()
    reasons = table.get_by_role("list", name="Why casks is refused")
    expect(reasons).to_contain_text("needs network, which is not granted")
    row.get_by_role("button").click()
    assert console.violations() == []
    choose("Switch off", "Switch it off")
    expect(row).to_contain_text("Switched off")
    for version in ("1.0.0", "2.0.0"):
        choose(f"Remove {version}", "Remove it")
        expect(dialog).to_be_hidden()
    expect(row).to_have_count(0)


def test_who_allows_a_secret_sees_all_that_it_is_allowed_for(
    open_console: Callable[..., Console], clean: ShopServer, registry: str
) -> None:
    root = {"name": "root", "password": PASSWORD, "roles": ["admin"]}
    if "root" not in {one["name"] for one in clean.admin.get("/users")["items"]}:
        clean.admin.post("/users", root)
    clean.admin.put("/secrets/password", {"value": CANARY})
    told = document(
        "main",
        registry,
        credentials={"username": "secret://password", "password": "secret://password"},
        config={"plain_http": True},
        hosts=["auth.example"],
        proxy="http://proxy.example:3128",
    )
    apply(clean, told)
    clean.admin.post("/secrets/password/forbid", {"integration": "main"})
    place = clean.admin.get("/integrations/main")["place"]
    console = open_console()
    console.sign_in("root")
    console.go("/integrations/main")
    known = console.page.get_by_role("region", name="To know")
    expect(known).to_contain_text(f"stella secret allow password main --place {place}")
    expect(known).to_contain_text("http://proxy.example:3128")
    console.picture("integration-waits-light")
    console.go("/secrets")
    row = console.page.get_by_role("row", name=re.compile("password"))
    row.get_by_role("button", name="Allow").click()
    dialog = console.page.get_by_role("dialog")
    for said in (
        registry,
        "auth.example",
        "http://proxy.example:3128",
        '"plain_http": true',
        place[:19],
    ):
        expect(dialog).to_contain_text(said)
    expect(dialog).to_contain_text(f"stella secret allow password main --place {place}")
    assert console.violations() == []

    # Where it changes meanwhile, what is shown changes before it can be allowed.
    told["spec"]["hosts"] = ["elsewhere.example"]
    apply(clean, told)
    clean.admin.post("/secrets/password/forbid", {"integration": "main"})
    expect(dialog).to_contain_text("elsewhere.example", timeout=20_000)
    dialog.get_by_role("button", name="Allow it").click()
    expect(dialog).to_be_hidden()
    expect(row).not_to_contain_text("waits")
    (kept,) = clean.admin.get("/secrets")["items"]
    assert [one["integration"] for one in kept["allowed"]] == ["main"]
