"""Webhooks in the console: the address to copy, what arrived, what came of it, what was refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import expect

from console.hub import apply, field
from fixtures.consoles import Console, ShopServer
from fixtures.webhooks import SECRET, pushed, standard

pytestmark = pytest.mark.browser


def send(server: ShopServer, said: object, delivery: str, secret: str = SECRET) -> httpx.Response:
    body = json.dumps(said).encode()
    headers = standard(body, datetime.now(UTC), delivery, secret)
    return httpx.post(f"{server.url}/api/v1/webhooks/ci", content=body, headers=headers)


def make(server: ShopServer) -> None:
    server.admin.put("/secrets/hook", {"value": SECRET})
    spec = {
        "kind": "webhook",
        "connector": "signed",
        "credentials": {"secret": "secret://hook"},
    }
    apply(server, {"apiVersion": "stella/v1", "kind": "Integration", "name": "ci", "spec": spec})


def test_one_is_added_and_its_page_shows_the_address_and_what_arrives(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    clean.admin.put("/secrets/hook", {"value": SECRET})
    console = open_console()
    console.sign_in("olga")
    console.go("/webhooks")
    expect(console.main).to_contain_text("No webhooks yet")
    console.picture("webhooks-empty-light")
    console.button("Add a webhook").click()
    expect(console.page.get_by_role("combobox", name="Connector")).to_have_value("webhook/signed")
    expect(field(console, "Endpoint")).to_have_count(0)
    field(console, "Name").fill("ci")
    field(console, "Signing secret").fill("secret://hook")
    console.button("Add it").click()
    expect(console.heading).to_have_text("ci")
    address = console.page.get_by_label("the address of the webhook", exact=True)
    expect(address).to_have_text(f"{clean.url}/api/v1/webhooks/ci")
    panel = console.page.get_by_role("region", name="Deliveries of the webhook")
    expect(panel).to_contain_text("Nothing has arrived yet.")

    # Who stored the secret lets it be used by what somebody else added.
    assert send(clean, {"type": "lunch.eaten"}, "msg_0").status_code == 503
    place = clean.admin.get("/integrations/ci")["place"]
    clean.admin.post("/secrets/hook/allow", {"integration": "ci", "place": place})
    assert send(clean, {"type": "lunch.eaten"}, "msg_1").is_success
    build = {"pipeline": "shop/web", "build": "12", "state": "failed"}
    assert send(clean, {"type": "build.ended", "data": build}, "msg_2").is_success
    assert send(clean, pushed("1.0"), "msg_3", "another").status_code == 401
    expect(panel).to_contain_text("build 12 of shop/web failed", timeout=20_000)
    console.page.reload()
    expect(panel).to_contain_text("it does not concern us")
    expect(panel).to_contain_text("not signed with its secret", timeout=20_000)
    console.picture("webhook-light")
    assert console.violations() == []
    panel.get_by_role("button", name="build.ended").click()
    expect(panel).to_contain_text("msg_2")
    expect(panel).to_contain_text('"pipeline": "shop/web"')
    assert console.violations() == []


def test_deliveries_are_filtered_by_where_they_are_from_and_how_they_stand(
    open_console: Callable[..., Console], clean: ShopServer
) -> None:
    make(clean)
    console = open_console(theme="dark")
    console.sign_in("dana")
    console.go("/webhooks")
    expect(console.main).to_contain_text("Nothing has arrived yet")
    for number in range(12):
        build = {"pipeline": "shop/web", "build": f"{number}", "state": "succeeded"}
        send(clean, {"type": "build.ended", "data": build}, f"msg_{number}")
    send(clean, {"type": "lunch.eaten"}, "msg_99")
    console.page.reload()
    table = console.page.get_by_role("table", name="Deliveries")
    expect(table).to_contain_text("build 11 of shop/web succeeded")
    expect(table).to_contain_text("lunch.eaten")
    console.picture("webhooks-dark")
    assert console.violations() == []
    console.page.get_by_role("combobox", name="State").select_option("ignored")
    expect(table).not_to_contain_text("build 11")
    expect(table).to_contain_text("lunch.eaten")
    console.page.get_by_role("combobox", name="State").select_option("failed")
    expect(console.main).to_contain_text("No delivery fits these filters")
