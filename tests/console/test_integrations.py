"""Integrations, secrets and plugins in the console, on the real server and a played registry."""

import base64
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from playwright.sync_api import Locator, Response, Route, expect

from connectors.registries import Answer, played_registry
from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser

CANARY = "canary-51d0aa-do-not-show"


def document(name: str, endpoint: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": name,
        "spec": {"kind": "registry", "connector": "oci", "endpoint": endpoint, **spec},
    }


@pytest.fixture
def registry() -> Iterator[str]:
    """A registry that wants the canary as the password of ana; its host."""
    wanted = f"Basic {base64.b64encode(f'ana:{CANARY}'.encode()).decode()}"

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        if headers.get("authorization") != wanted:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=b'{"tags": []}', headers={"content-type": "application/json"})

    with played_registry(play) as host:
        yield host


@pytest.fixture
def clean(shop_server: ShopServer) -> Iterator[ShopServer]:
    """The server, without integrations and secrets; afterwards with those that it had."""
    before = shop_server.admin.get("/integrations")["items"]

    def empty() -> None:
        for one in shop_server.admin.get("/integrations")["items"]:
            shop_server.admin.delete(f"/integrations/{one['name']}")
        for one in shop_server.admin.get("/secrets")["items"]:
            shop_server.admin.delete(f"/secrets/{one['name']}")

    empty()
    yield shop_server
    empty()
    apply(shop_server, *({**document(one["name"], ""), "spec": one["spec"]} for one in before))


def apply(server: ShopServer, *documents: dict[str, Any]) -> None:
    server.admin.post("/apply", {"documents": list(documents), "dryRun": False})


def field(console: Console, label: str) -> Locator:
    return console.page.get_by_role("textbox", name=label, exact=True)


def effect(console: Console) -> Locator:
    return console.page.get_by_role("region", name="What saving it does")


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
        console.page.get_by_role("menuitem", name="Store a new secret").click()
        dialog = console.page.get_by_role("dialog")
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


def test_a_secret_is_stored_and_nothing_of_the_console_holds_it(
    open_console: Callable[..., Console], clean: ShopServer, registry: str
) -> None:
    console = open_console()
    answers: list[Response] = []
    console.sign_in("olga")
    console.page.on("response", answers.append)
    console.go("/secrets")
    console.button("Store a secret").click()
    dialog = console.page.get_by_role("dialog")
    value = dialog.get_by_label("Value", exact=True)
    expect(value).to_have_attribute("type", "password")
    expect(value).to_have_attribute("autocomplete", "off")
    dialog.get_by_label("Name").fill("Not A Name")
    value.fill(CANARY)
    dialog.get_by_role("button", name="Store it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("lower-case letters")
    dialog.get_by_label("Name").fill("password")
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


def test_an_integration_that_others_need_is_not_deleted_and_the_dialog_says_so(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    apply(clean, document("main", "registry.example"))
    console = open_console()
    console.sign_in("olga")
    console.page.route("**/api/v1/integrations/main", _in_use)
    console.go("/integrations/main")
    console.button("Delete").click()
    dialog = console.page.get_by_role("dialog")
    expect(dialog).to_contain_text("stella integration delete main")
    dialog.get_by_role("button", name="Delete it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("gives credentials to shop")
    expect(dialog.get_by_role("alert")).to_contain_text("ST-HUB-003")


def _in_use(route: Route) -> None:
    """As hub/apply.py refuses it, where a secret store is installed."""
    if route.request.method != "DELETE":
        route.continue_()
        return
    problem = {
        "type": "urn:stella:error:ST-HUB-003",
        "title": "the integration main gives credentials to shop",
        "status": 409,
        "code": "ST-HUB-003",
        "remedy": {"advice": "Let them refer to another one first.", "command": None},
    }
    route.fulfill(status=409, json=problem, content_type="application/problem+json")


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
    expect(row).to_contain_text("do not suffice")
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
    keyboard.type("main registry")
    keyboard.press("Enter")
    expect(console.heading).to_have_text("main")


def test_plugins_say_what_they_bring_and_why_one_is_refused(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.page.route("**/api/v1/plugins", _with_a_refused_one)
    console.go("/plugins")
    table = console.page.get_by_role("table", name="Plugins")
    row = table.get_by_role("row", name=re.compile("^registry"))
    expect(row).to_contain_text("Loaded")
    expect(row).to_contain_text("OCI registry (registry)")
    expect(table.get_by_role("list", name="Why old is refused")).to_contain_text("speaks SDK 0")
    row.get_by_role("button").click()
    assert console.page.url.endswith("/plugins?open=registry")
    table.get_by_text("Schema of its settings").click()
    expect(table.get_by_label("the schema of oci", exact=True)).to_contain_text('"plain_http"')
    expect(table).to_contain_text("stella plugin show registry")
    assert console.violations() == []
    console.link("Add an integration with it").click()
    expect(console.page.get_by_role("combobox", name="Connector")).to_have_value("registry/oci")


def _with_a_refused_one(route: Route) -> None:
    """What the server lists, and one more: each server of the tests refuses none."""
    listed = route.fetch().json()
    refused = {
        "name": "old",
        "state": "refused",
        "reasons": ["it speaks SDK 0", "it asks for root"],
    }
    listed["items"].append({**refused, "needs": [], "contributes": []})
    route.fulfill(json=listed)


def test_who_may_not_change_them_sees_why(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    apply(clean, document("main", "registry.example"))
    facts = clean.admin.get("/facts", newest=True, limit=1)["items"][0]
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
    later = clean.admin.get("/facts", after=facts["seq"])["items"]
    assert "AccessRefused" not in {one["kind"] for one in later}


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
