"""The doctor in the console: by area, a fix to copy, a fix to confirm, a bundle to take away."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from fixtures.consoles import PASSWORD, Console, ShopServer

pytestmark = pytest.mark.browser


def data_of(server: ShopServer) -> Path:
    """The server's data directory, as it says itself."""
    checks = server.admin.get("/doctor", area="disk")["checks"]
    (room,) = [one["detail"] for one in checks if one["id"] == "disk.room"]
    return Path(room.partition(" free at ")[2])


@pytest.fixture
def root(shop_server: ShopServer) -> str:
    """An administrator with a password that the test knows."""
    known = {one["name"] for one in shop_server.admin.items("/users")}
    if "root" not in known:
        body = {"name": "root", "password": PASSWORD, "roles": ["admin"]}
        shop_server.admin.post("/users", body)
    return "root"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_fault_is_named_in_its_area_and_mended_after_it_was_confirmed(
    open_console: Callable[..., Console], shop_server: ShopServer, root: str, theme: str
) -> None:
    key = data_of(shop_server) / "keys" / "orders.key"
    key.chmod(0o640)
    console = open_console(theme=theme)
    console.sign_in(root)
    console.go("/system")
    area = console.page.get_by_role("region", name="keys")
    expect(area).to_contain_text("others may read keys/orders.key")
    expect(area).to_contain_text("Who reads a key signs")
    expect(area).to_contain_text("stella doctor --fix keys.private")
    assert console.violations() == []
    area.get_by_role("button", name="Mend it").click()
    dialog = console.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing is lost by it")
    assert key.stat().st_mode & 0o777 == 0o640, "nothing is mended by asking"
    dialog.get_by_role("button", name="Mend it").click()
    expect(dialog).to_be_hidden()
    expect(area).not_to_contain_text("others may read")
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_bundle_is_taken_away(
    open_console: Callable[..., Console], shop_server: ShopServer, root: str, tmp_path: Path
) -> None:
    console = open_console()
    console.sign_in(root)
    console.go("/system")
    console.button("Support bundle").click()
    dialog = console.page.get_by_role("dialog")
    with console.page.expect_download() as taken:
        dialog.get_by_role("button", name="Make it").click()
    file = tmp_path / "bundle.tar"
    taken.value.save_as(file)
    with tarfile.open(file) as tar:
        content = tar.extractfile("stella-support/manifest.json")
        assert content is not None
        manifest = json.loads(content.read())
    assert {"doctor.json", "facts.json"} <= {one["name"] for one in manifest["files"]}


def test_who_may_not_mend_is_told_why(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/system")
    expect(console.button("Support bundle")).to_have_attribute("aria-disabled", "true")
