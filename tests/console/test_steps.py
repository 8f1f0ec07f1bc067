"""Steps in the console: where an environment names them, what is planned, how each one ended."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from app.test_step_plugins import environment, target, wheel
from fixtures.consoles import Console, ShopServer

pytestmark = [pytest.mark.browser, pytest.mark.apart]

NAME = "zoo"  # after all others, where it is in nobody's way


@pytest.fixture(scope="module")
def failed(shop_server: ShopServer) -> dict[str, Any]:
    """A promotion whose step before has passed and whose step after has failed."""
    admin = shop_server.admin
    admin.post("/plugins", wheel())
    admin.post("/plugins/odd/grant", {})
    admin.post("/plugins/odd/enable", {"version": "1.0.0"})
    place = {**environment("fine", "no"), "name": NAME}
    host = target("a", "web")
    host = {**host, "name": f"{NAME}-a", "spec": {**host["spec"], "components": []}}
    host["spec"] |= {"environment": NAME, "project": f"shop-{NAME}"}
    admin.post("/apply", {"documents": json.loads(json.dumps([place, host]))})
    asked = admin.post("/promotions", {"release": "shop@2.0.0", "environment": NAME})
    until = time.monotonic() + 60
    while True:
        found: dict[str, Any] = admin.get(f"/promotions/{asked['id']}")
        if found["state"] not in {"evaluating", "approved", "deploying"}:
            return found
        assert time.monotonic() < until, found
        time.sleep(0.2)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_steps_are_shown_where_they_are_planned_taken_and_set(
    open_console: Callable[..., Console], failed: dict[str, Any], theme: str
) -> None:
    assert failed["state"] == "failed"
    console = open_console(theme=theme)
    console.sign_in("olga")

    console.go(f"/deployments/{failed['deployment']}")
    expect(console.main.get_by_text("Steps before the targets")).to_be_visible()
    expect(console.main).to_contain_text(re.compile("Passed.*first.*odd-step of odd 1.0.0"))
    expect(console.main).to_contain_text(re.compile("Failed.*last.*the answer is no.*ST-STP-001"))
    console.main.get_by_text("Outputs", exact=True).click()
    expect(console.main.get_by_label("outputs of first", exact=True)).to_contain_text("attempt: 1")
    assert console.violations() == []
    console.picture(f"deployment-steps-{theme}")

    console.go(f"/promotions/{failed['id']}")
    expect(console.main).to_contain_text("before the targets: odd-step of odd 1.0.0")
    expect(console.main.get_by_label("inputs of last", exact=True)).to_contain_text("do: no")
    assert console.violations() == []

    console.go(f"/environments/{NAME}")
    expect(console.main.get_by_text("Steps of every deployment")).to_be_visible()
    expect(console.main).to_contain_text("after the targets: odd-step")
    assert console.violations() == []
