"""Who is on call: on the schedule's page with two weeks ahead, and on the page of what waits for them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser


def document(kind: str, name: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


ALWAYS = document(
    "OnCallSchedule",
    "payments",
    {
        "timeZone": "Europe/Berlin",
        "layers": [
            {
                "name": "weeks",
                "people": ["ann", "ben", "zoe"],
                "from": "2025-01-06T09:00",
                "handover": "FREQ=WEEKLY;BYDAY=MO",
            }
        ],
    },
)
NIGHTS = document(
    "OnCallSchedule",
    "nights",
    {
        "timeZone": "Europe/Berlin",
        "layers": [
            {
                "name": "nights",
                "people": ["ann", "ben"],
                "from": "2025-01-01T20:00",
                "every": {"days": 1},
                "only": [{"from": "20:00", "until": "08:00", "days": ["FR", "SA", "SU"]}],
            }
        ],
    },
)


@pytest.fixture
def asking(shop_server: ShopServer) -> Iterator[None]:
    """Two schedules, and an environment prod that asks whoever is on call; as before afterwards."""
    owned = {one["name"]: one["owner"] for one in shop_server.admin.get("/environments")["items"]}
    before = next(
        one
        for one in shop_server.admin.get("/documents", kind="Environment")["items"]
        if one["name"] == "prod"
    )
    rule = {"rule": "on duty", "approvers": ["oncall:payments", "oncall:nights"]}
    prod = {**before, "spec": {**before["spec"], "approvals": [*before["spec"]["approvals"], rule]}}

    def apply(owner: str | None, *documents: Any) -> None:
        body = {"documents": documents, "takeOver": True, **({"owner": owner} if owner else {})}
        shop_server.admin.post("/apply", body)

    apply("test-on-call", ALWAYS, NIGHTS)
    apply(owned["prod"], prod)
    yield
    apply(owned["prod"], before)
    shop_server.withdraw("test-on-call")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_who_is_on_call_is_seen_and_a_shift_is_taken_and_given_back(
    open_console: Callable[..., Console], shop_server: ShopServer, asking: None, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/environments")
    expect(console.main.get_by_role("heading", name="On-call schedules")).to_be_visible()
    console.picture(f"environments-on-call-{theme}")
    assert console.violations() == []
    console.go("/environments/prod")
    expect(console.main.get_by_text("whoever is on call for")).to_be_visible()
    console.picture(f"environment-on-call-{theme}")
    assert console.violations() == []
    console.link("payments").first.click()
    expect(console.heading).to_have_text("payments")
    expect(console.main.get_by_role("table", name="Shifts").get_by_role("row")).not_to_have_count(1)
    expect(console.main.get_by_text("zoe", exact=True).first).to_be_visible()
    console.button("Take a shift").click()
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("Who").select_option("ben")
    dialog.get_by_label("Until").fill("2099-01-01T10:00")
    dialog.get_by_role("button", name="Take it").click()
    expect(dialog.get_by_text("cannot end")).to_be_visible()
    console.picture(f"on-call-take-{theme}")
    assert console.violations() == []
    soon = console.page.evaluate(
        "new Date(Date.now() + 2 * 864e5 - new Date().getTimezoneOffset() * 6e4)"
        ".toISOString().slice(0, 16)"
    )
    dialog.get_by_label("Until").fill(soon)
    dialog.get_by_label("Reason").fill("ann is on a train")
    dialog.get_by_role("button", name="Take it").click()
    expect(console.main.get_by_text("ann is on a train")).to_be_visible()
    expect(console.main.get_by_text("a shift that was taken").first).to_be_visible()
    console.picture(f"on-call-{theme}")
    assert console.violations() == []
    console.go(f"/promotions/{shop_server.waiting}")
    expect(console.main.get_by_role("heading", name="On call now")).to_be_visible()
    expect(console.link("nights")).to_be_visible()
    console.picture(f"promotion-on-call-{theme}")
    assert console.violations() == []
    console.link("payments").first.click()
    console.button("Give it back").click()
    console.page.get_by_role("dialog").get_by_role("button", name="Give it back").click()
    expect(console.main.get_by_text("None: everybody takes their own turns.")).to_be_visible()


def test_a_gap_is_shown(open_console: Callable[..., Console], asking: None) -> None:
    console = open_console()
    console.sign_in("dana")
    console.go("/oncall/nights")
    expect(console.main.get_by_text("Nobody", exact=True).first).to_be_visible()
    expect(console.main.get_by_text("in the coming two weeks")).to_be_visible()
    expect(console.button("Take a shift")).to_have_attribute("data-disabled", "true")
    console.picture("on-call-gaps")
    assert console.violations() == []
