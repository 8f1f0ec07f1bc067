"""Integrations in the console, on the real server and a played registry."""

import re
from collections.abc import Callable

import pytest
import yaml
from playwright.sync_api import expect

from console.hub import CANARY, apply, document, effect, field
from fixtures.consoles import Console, ShopServer
from stella.hub.document import BOUND
from stella.plugin.contract.core import CONNECTED

pytestmark = pytest.mark.browser


def test_one_is_added_by_the_form_tested_and_changed(
    open_console: Callable[..., Console], clean: ShopServer, registry: str
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/integrations")
    expect(console.main).to_contain_text("No integrations yet")
    console.button("Add an integration").click()
    expect(effect(console)).to_contain_text("as soon as it has a name and an endpoint")
    field(console, "Name").fill("main")
    field(console, "Endpoint").fill(registry)
    expect(effect(console)).to_contain_text("The server would take it")

    for name, title, value in (("user", "User", "ana"), ("password", "Password or token", CANARY)):
        console.button(f"Choose {title}").click()
        assert console.violations() == []
        console.page.get_by_role("menuitem", name="Store a new secret").click()
        dialog = console.page.get_by_role("dialog")
        assert console.violations() == []
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_label("Value", exact=True).fill(value)
        dialog.get_by_role("button", name="Store it").click()
        expect(dialog).to_be_hidden()
        expect(field(console, title)).to_have_value(f"secret://{name}")
    expect(effect(console)).to_contain_text("main is new")

    written = yaml.safe_load(console.page.get_by_label("the document", exact=True).inner_text())
    credentials = {"username": "secret://user", "password": "secret://password"}
    assert written == document("main", registry, credentials=credentials)
    console.button("Add it").click()
    expect(console.heading).to_have_text("main")
    assert console.page.url.endswith("/integrations/main")
    health = console.page.get_by_role("region", name="Health")
    expect(health).to_contain_text("Not looked at")
    console.button("Test connection").click()
    expect(health).to_contain_text("Works")
    expect(health).to_contain_text("it answers, and takes our credentials")

    console.button("Change").click()
    field(console, "Timeout of one call").fill("5")
    console.page.get_by_label("Plain HTTP").check()
    changes = effect(console).get_by_role("list", name="Changes")
    expect(changes).to_contain_text(re.compile(r"config\.plain_http.*true", re.DOTALL))
    expect(changes).to_contain_text(re.compile(r"timeoutS.*30.*becomes.*5", re.DOTALL))
    assert clean.admin.get("/integrations/main")["revision"] == 1
    console.button("Save the change").click()
    expect(console.main).to_contain_text("5 s at most")
    expect(console.main).to_contain_text("Plain HTTP")
    assert clean.admin.get("/integrations/main")["revision"] == 2


def test_reasons_stand_at_their_fields_and_a_secret_in_the_open_is_not_sent(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    apply(clean, document("other", "taken.example"))
    console = open_console()
    sent: list[str] = []
    console.page.on("request", lambda request: sent.append(request.post_data or ""))
    console.sign_in("olga")
    console.go("/integrations/+new")
    field(console, "Name").fill("Not A Name")
    field(console, "Endpoint").fill("https://no-host")
    field(console, "Further hosts").fill("http://x")
    field(console, "Private networks").fill("10.0.0.1/8")
    field(console, "Timeout of one call").fill("0")
    field(console, "Proxy").fill("socks5://x")
    field(console, "Own authority").fill("no certificate")
    field(console, "User").fill("secret://gone")
    field(console, "Password or token").fill(CANARY)
    for label, told in (
        ("Name", "not lower-case letters"),
        ("Endpoint", "no host or host:port"),
        ("Further hosts", "which is none"),
        ("Private networks", "which is none"),
        ("Timeout of one call", "not 1 to 600"),
        ("Proxy", "no http:// URL"),
        ("Own authority", "no certificate in PEM"),
        ("Password or token", "a secret stands where a reference to one belongs"),
    ):
        expect(field(console, label)).to_have_accessible_description(re.compile(re.escape(told)))
        expect(field(console, label)).to_have_attribute("aria-invalid", "true")
    expect(effect(console)).to_contain_text("8 fields to correct")
    expect(console.button("Add it")).to_be_disabled()
    console.picture("integration-refused-light")
    assert console.violations() == []

    field(console, "Name").fill("other")
    expect(field(console, "Name")).to_have_accessible_description(re.compile("already"))
    field(console, "Name").fill("mine")
    field(console, "Endpoint").fill("taken.example")
    for label in ("Further hosts", "Private networks", "Proxy", "Own authority"):
        field(console, label).fill("")
    field(console, "Timeout of one call").fill("30")
    expect(field(console, "Endpoint")).to_have_accessible_description(re.compile("'other' is the"))
    expect(field(console, "User")).to_have_accessible_description(re.compile("no secret 'gone'"))
    field(console, "User").fill("env://REGISTRY_USER")
    field(console, "Endpoint").fill("free.example")
    expect(effect(console)).to_contain_text("1 field to correct")
    field(console, "Password or token").fill("")
    expect(console.button("Add it")).to_be_enabled()
    assert CANARY not in "".join(sent)
    assert [one["name"] for one in clean.admin.get("/integrations")["items"]] == ["other"]


def test_every_kind_that_is_used_for_an_environment_may_be_bound_to_one(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/integrations/+new")
    combobox = console.page.get_by_role("combobox", name="Connector")
    expect(combobox).to_be_visible()
    listed = clean.admin.get("/plugins")["items"]
    brought = {one["kind"]: one["name"] for plugin in listed for one in plugin["contributes"]}
    asked = console.page.get_by_role("group", name="Environments")
    offered = set()
    for kind in CONNECTED & brought.keys():
        combobox.select_option(f"{kind}/{brought[kind]}")
        expect(console.page.get_by_role("group", name="Roles")).to_be_visible()
        if asked.count():
            offered.add(kind)
    assert offered == BOUND & brought.keys() > {"ci", "metrics"}
    combobox.select_option(f"ci/{brought['ci']}")
    console.picture("integration-scope-light")
    assert console.violations() == []


@pytest.mark.usefixtures("chests")
def test_an_integration_that_others_need_is_not_deleted_and_the_dialog_says_so(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    box = document("box", "https://chest.example", credentials={"token": "env://TOKEN"})
    box["spec"] |= {"kind": "secret_store", "connector": "chest", "config": {"mount": "kv"}}
    apply(clean, box)
    apply(clean, document("main", "a.example", credentials={"password": "chest://box/shop#a"}))
    console = open_console()
    console.sign_in("olga")
    console.go("/integrations/main")
    console.link("chest://box/shop#a").click()
    expect(console.heading).to_have_text("box")
    console.button("Delete").click()
    dialog = console.page.get_by_role("dialog")
    expect(dialog).to_contain_text("stella integration delete box")
    dialog.get_by_role("button", name="Delete it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("gives credentials to main")
    expect(dialog.get_by_role("alert")).to_contain_text("ST-HUB-003")
    assert console.violations() == []


@pytest.mark.usefixtures("chests")
def test_the_form_is_what_the_schema_of_the_connector_says(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/integrations/+new?connector=secret_store/chest")
    combobox = console.page.get_by_role("combobox", name="Connector")
    expect(combobox).to_have_value("secret_store/chest")
    field(console, "Name").fill("box")
    field(console, "Endpoint").fill("https://chest.example:8200")
    expect(effect(console)).to_contain_text("Not complete")
    expect(effect(console)).to_contain_text("Still missing: Mount, Token")
    expect(field(console, "Token")).not_to_have_attribute("aria-invalid", "true")
    field(console, "Token").focus()
    field(console, "Token").blur()
    expect(field(console, "Token")).to_have_accessible_description(
        re.compile("needs the credential")
    )
    field(console, "Token").fill("env://TOKEN")
    field(console, "Mount").fill("kv")
    expect(field(console, "Version")).to_have_attribute("placeholder", "2")
    field(console, "Version").fill("7")
    field(console, "Attempts").fill("many")
    field(console, "Labels").fill("{team")
    expect(field(console, "Version")).to_have_accessible_description(re.compile("7 is greater"))
    expect(field(console, "Attempts")).to_have_accessible_description(re.compile('"many" is not'))
    expect(field(console, "Labels")).to_have_accessible_description(re.compile("this is no JSON"))
    console.picture("integration-schema-light")
    assert console.violations() == []
    field(console, "Version").fill("1")
    field(console, "Attempts").fill("3")
    field(console, "Labels").fill('{"team": "shop"}')
    console.page.get_by_label("Strict").uncheck()
    console.page.get_by_role("combobox", name="Mode").select_option("fast")
    field(console, "Paths").fill("a/b\nc d\n")
    console.page.get_by_role("checkbox", name="operator").check()
    console.button("Add it").click()
    expect(console.heading).to_have_text("box")
    config = {
        "mount": "kv",
        "version": 1,
        "strict": False,
        "mode": "fast",
        "paths": ["a/b", "c d"],
        "retry": {"attempts": 3},
        "labels": {"team": "shop"},
    }
    made = clean.admin.get("/integrations/box")["spec"]
    assert (made["config"], made["roles"]) == (config, ["operator"])
    console.button("Change").click()
    expect(field(console, "Labels")).to_have_value(re.compile('"team": "shop"'))
    expect(field(console, "Paths")).to_have_value("a/b\nc d")
    expect(effect(console)).to_contain_text("it is as it was")
    expect(console.button("Save the change")).to_be_disabled()
    combobox.select_option("registry/oci")
    expect(field(console, "Mount")).to_have_count(0)


def test_what_fails_is_told_in_the_list_and_what_is_switched_off_too(
    open_console: Callable[..., Console], clean: ShopServer, registry: str
) -> None:
    apply(
        clean,
        document("main", registry),
        document("off", "b.example", enabled=False, rotateBy="2020-01-31"),
    )
    clean.admin.post("/integrations/main/test")
    console = open_console()
    console.sign_in("olga")
    console.go("/integrations")
    table = console.page.get_by_role("table", name="Integrations")
    row = table.get_by_role("row", name=re.compile("^main"))
    expect(row).to_contain_text("Fails")
    expect(row).to_contain_text("it wants credentials")
    row = table.get_by_role("row", name=re.compile("^off"))
    expect(row).to_contain_text("Switched off")
    expect(row).to_contain_text("since 2020-01-31")
    keyboard = console.page.keyboard
    keyboard.press("/")
    keyboard.type("b.exam")
    expect(table.get_by_role("row")).to_have_count(2)
    keyboard.press("Escape")
    keyboard.press("Escape")
    expect(table.get_by_role("row")).to_have_count(3)
    keyboard.press("j")
    keyboard.press("j")
    keyboard.press("Enter")
    expect(console.heading).to_have_text("off")
    keyboard.press("Control+k")
    expect(console.page.get_by_role("combobox", name="Go to or do anything")).to_be_focused()
    keyboard.type("main registry")
    keyboard.press("Enter")
    expect(console.heading).to_have_text("main")


def test_who_may_not_change_them_sees_why(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    apply(clean, document("main", "registry.example"))
    before = refusals(clean)
    console = open_console()
    console.sign_in("dana")
    console.go("/integrations")
    add = console.button("Add an integration")
    expect(add).to_have_attribute("aria-disabled", "true")
    expect(add).to_have_accessible_description(re.compile("integration.change"))
    console.go("/integrations/main")
    for name in ("Test connection", "Change", "Delete"):
        expect(console.button(name)).to_have_accessible_description(re.compile("integration"))
    for path in ("/integrations/+new", "/integrations/main/change"):
        console.go(path)
        expect(console.main).to_contain_text("needs the permission integration.change")
        expect(console.heading).to_have_count(1)
    console.go("/secrets")
    expect(console.main).to_contain_text("needs the permission secret.change")
    expect(console.page.get_by_role("alert")).to_have_count(0)
    console.go("/plugins")
    expect(console.page.get_by_role("table", name="Plugins")).to_be_visible()
    install = console.button("Install a plugin")
    expect(install).to_have_accessible_description(re.compile("plugin.change"))
    assert refusals(clean) == before


def refusals(server: ShopServer) -> int:
    """How often somebody was refused for want of a permission."""
    return len(server.admin.get("/facts", kind="AccessRefused", limit="500")["items"])


PAGES = (
    "/integrations",
    "/integrations/+new",
    "/integrations/main",
    "/integrations/main/change",
    "/secrets",
    "/plugins",
    "/plugins?open=docker",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_of_their_pages_has_a_heading_and_no_hurdle(
    open_console: Callable[..., Console], clean: ShopServer, registry: str, theme: str
) -> None:
    clean.admin.put("/secrets/password", {"value": CANARY})
    apply(
        clean,
        document("main", registry, credentials={"password": "secret://password"}),
        document("off", "b.example", enabled=False),
    )
    clean.admin.post("/integrations/main/test")
    console = open_console(theme=theme)
    console.sign_in("olga")
    for path in PAGES:
        console.go(path)
        expect(console.heading).to_have_count(1)
        expect(console.page.get_by_text("Live", exact=True)).to_be_visible()
        console.picture(f"{path.strip('/').translate(_FILE_NAME)}-{theme}")
        assert console.violations() == [], path


_FILE_NAME = str.maketrans({"/": "-", "?": "-", "=": "-", "+": None})


def test_on_a_phone_nothing_of_them_is_cut_off_sideways(
    open_console: Callable[..., Console], clean: ShopServer, registry: str
) -> None:
    clean.admin.put("/secrets/password", {"value": CANARY})
    apply(clean, document("main", registry, credentials={"password": "secret://password"}))
    console = open_console(width=390, height=844)
    console.sign_in("olga")
    for path in PAGES:
        console.go(path)
        expect(console.heading).to_have_count(1)
        assert console.page.evaluate("document.documentElement.scrollWidth") <= 390, path
        console.picture(f"{path.strip('/').translate(_FILE_NAME)}-phone")
        assert console.violations() == [], path
