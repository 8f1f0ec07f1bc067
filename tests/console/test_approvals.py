"""The inbox of approvals: like with like, one word for a group, one outcome for each."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from console.test_reauthentication import forget_proofs
from console.test_several import environment
from fixtures.consoles import PASSWORD, SECONDS, Console, ShopServer

pytestmark = pytest.mark.browser
OWNER = "test-approvals"
LEAD = [{"rule": "lead", "approvers": ["ann"]}]
PLACES = ("oslo", "rome", "wien")


@pytest.fixture
def asked(shop_server: ShopServer) -> Iterator[Callable[..., dict[str, str]]]:
    """Asks for a release in some of three environments of ann's; what is left is gone afterwards."""
    admin = shop_server.admin
    documents = [
        *environment("oslo", approvals=LEAD),
        *environment("rome", approvals=LEAD, reauthenticate={"minutes": 1}),
        *environment("wien", approvals=[{"rule": "owner", "approvers": ["ann"]}]),
    ]
    admin.post("/apply", {"owner": OWNER, "documents": documents})
    made = list[str]()

    def ask(*names: str, release: str = "shop@2.0.0") -> dict[str, str]:
        body = {"release": release, "environments": list(names), "reason": "the spring sale"}
        found = admin.post("/promotions/several", body)["items"]
        made.extend(one["id"] for one in found)
        settle(shop_server, made)
        return {one["environment"]: one["id"] for one in found}

    yield ask
    for one in made:
        if admin.get(f"/promotions/{one}")["actions"]["cancel"]["allowed"]:
            admin.post(f"/promotions/{one}/cancel", {"comment": "tidied up"})
    shop_server.withdraw(OWNER)


def settle(server: ShopServer, promotions: list[str]) -> None:
    deadline = time.monotonic() + 60
    while any(_state(server, one)["state"] == "evaluating" for one in promotions):
        assert time.monotonic() < deadline, "they were not judged"
        time.sleep(0.1)


def _state(server: ShopServer, promotion: str) -> dict[str, Any]:
    found: dict[str, Any] = server.admin.get(f"/promotions/{promotion}")
    return found


def group(console: Console, *names: str) -> Locator:
    return console.page.get_by_role("region", name=f"shop 2.0.0 to {', '.join(names)}", exact=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_one_word_approves_what_is_alike_and_says_what_became_of_each(
    open_console: Callable[..., Console],
    shop_server: ShopServer,
    asked: Callable[..., dict[str, str]],
    theme: str,
) -> None:
    ids = asked(*PLACES)
    ann = open_console(theme=theme)
    ann.sign_in("ann")
    forget_proofs(shop_server)
    ann.go("/approvals")
    together = group(ann, "oslo", "rome")
    expect(together).to_contain_text("counts for lead")
    expect(together).to_contain_text("the spring sale")
    expect(ann.main.get_by_text("above: asked for by owner")).to_be_visible()
    ann.picture(f"approvals-{theme}")
    assert ann.violations() == []
    together.get_by_role("button", name="Approve 2").click()
    dialog = ann.page.get_by_role("dialog")
    about = dialog.get_by_role("list", name="What it is about")
    expect(about.get_by_role("listitem")).to_have_count(2)
    submit = dialog.get_by_role("button", name="Approve these 2 plans")
    expect(submit).to_be_disabled()
    dialog.get_by_label("Your password").fill("wrong")
    submit.click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert {_state(shop_server, one)["state"] for one in ids.values()} == {"waiting"}
    dialog.get_by_label("Your password").fill(PASSWORD)
    ann.picture(f"approvals-dialog-{theme}")
    assert ann.violations() == []
    submit.click()
    became = dialog.get_by_role("list", name="What became of each")
    expect(became.get_by_text("approved by you")).to_have_count(2)
    expect(became.get_by_text("Waiting")).to_have_count(0, timeout=SECONDS)
    ann.picture(f"approvals-outcome-{theme}")
    assert ann.violations() == []
    dialog.get_by_role("button", name="Done").click()
    expect(together).to_have_count(0)
    expect(group(ann, "wien")).to_be_visible()
    spoken = [
        _state(shop_server, ids[one])["approvals"][0]["by"]["name"] for one in ("oslo", "rome")
    ]
    assert spoken == ["ann", "ann"]
    assert _state(shop_server, ids["wien"])["approvals"] == []


def test_a_no_is_said_by_the_keyboard_and_to_what_was_chosen_alone(
    open_console: Callable[..., Console],
    shop_server: ShopServer,
    asked: Callable[..., dict[str, str]],
) -> None:
    ids = asked("oslo", "rome")
    ann = open_console()
    ann.sign_in("ann")
    ann.page.keyboard.press("g")
    ann.page.keyboard.press("o")
    expect(ann.heading).to_have_text("Approvals")
    together = group(ann, "oslo", "rome")
    box = together.get_by_role("checkbox", name="rome with the others")
    box.focus()
    ann.page.keyboard.press("Space")
    button = together.get_by_role("button", name="Reject 1")
    button.focus()
    ann.page.keyboard.press("Enter")
    dialog = ann.page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox", name="Why")).to_be_focused()
    ann.page.keyboard.type("not before the audit")
    dialog.get_by_role("button", name="Reject it").click()
    expect(dialog.get_by_text("rejected by you")).to_have_count(1)
    dialog.get_by_role("button", name="Done").click()
    assert _state(shop_server, ids["oslo"])["state"] == "rejected"
    assert _state(shop_server, ids["rome"])["state"] == "waiting"


def test_each_no_has_an_outcome_of_its_own(
    open_console: Callable[..., Console],
    shop_server: ShopServer,
    asked: Callable[..., dict[str, str]],
) -> None:
    ids = asked("oslo", "rome")
    ann = open_console()
    ann.sign_in("ann")
    ann.go("/approvals")
    group(ann, "oslo", "rome").get_by_role("button", name="Reject 2").click()
    dialog = ann.page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Why").fill("not before the audit")
    shop_server.admin.post(f"/promotions/{ids['rome']}/cancel", {"comment": "meanwhile"})
    dialog.get_by_role("button", name="Reject all 2").click()
    expect(dialog.get_by_role("status").last).to_have_text("1 rejected, 1 refused")
    expect(dialog).to_contain_text("it waits for nobody")
    ann.picture("approvals-refused")
    assert ann.violations() == []


def test_who_is_asked_for_nothing_reads_why(
    open_console: Callable[..., Console], asked: Callable[..., dict[str, str]]
) -> None:
    asked("oslo")
    dana = open_console()
    dana.sign_in("dana")
    dana.go("/approvals")
    expect(dana.main.get_by_text("Nothing waits for you")).to_be_visible()
    others = dana.main.get_by_role("table", name="Waiting, and not for you")
    expect(others).to_contain_text("oslo")
    dana.picture("approvals-nothing")
    assert dana.violations() == []
