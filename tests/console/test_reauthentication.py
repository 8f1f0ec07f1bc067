"""Where an environment asks for it, the dialog of an approval asks for the password."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import expect

from fixtures.consoles import PASSWORD, SECONDS, Console, ShopServer

pytestmark = pytest.mark.browser


@pytest.fixture
def held(shop_server: ShopServer, theme: str) -> str:
    """A promotion whose approver gave their password within a minute before; its id."""
    admin, name = shop_server.admin, f"vault-{theme}"
    spec = {
        "policy": "starter",
        "parameters": {"severityMax": "critical"},
        "approvals": [{"rule": "release", "approvers": ["ann"]}],
        "reauthenticate": {"minutes": 1},
    }
    target = {"environment": name, "connector": "docker", "agent": "nobody", "project": name}
    documents = [
        {"apiVersion": "stella/v1", "kind": "Environment", "name": name, "spec": spec},
        {"apiVersion": "stella/v1", "kind": "Target", "name": f"{name}-1", "spec": target},
    ]
    admin.post("/apply", {"documents": documents})
    made = admin.post("/promotions", {"release": "shop@2.0.0", "environment": name})
    deadline = time.monotonic() + 60
    while admin.get(f"/promotions/{made['id']}")["state"] != "waiting":
        assert time.monotonic() < deadline, "it was not judged"
        time.sleep(0.1)
    return str(made["id"])


def forget_proofs(server: ShopServer) -> None:
    """As if every login were long ago."""
    with closing(sqlite3.connect(server.stage.data / "stella.db", timeout=30)) as database:
        database.execute("UPDATE token SET proven_at = NULL")
        database.commit()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_approval_asks_for_the_password(
    open_console: Callable[..., Console], shop_server: ShopServer, held: str, theme: str
) -> None:
    ann = open_console(theme=theme)
    ann.sign_in("ann")
    forget_proofs(shop_server)
    ann.go(f"/environments/vault-{theme}")
    expect(ann.main).to_contain_text("has proved within 1 min who they are")
    ann.go(f"/promotions/{held}")
    ann.button("Approve").click()
    dialog = ann.page.get_by_role("dialog")
    submit = dialog.get_by_role("button", name="Approve this plan")
    password = dialog.get_by_label("Your password")
    expect(submit).to_be_disabled()
    password.fill("a guess at it")
    submit.click()
    expect(dialog.get_by_role("alert")).to_contain_text("the password is wrong", timeout=SECONDS)
    ann.picture(f"reauthenticate-{theme}")
    assert not ann.violations()
    password.fill(PASSWORD)
    submit.click()
    expect(ann.page.get_by_text("proved who they are")).to_be_visible(timeout=SECONDS)
    ann.picture(f"reauthenticated-{theme}")
