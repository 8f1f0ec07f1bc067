"""Signing in by a provider, in Chromium: the button, the provider's own form, and back."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer
from fixtures.identity_providers import RealProvider, run_provider

pytestmark = [pytest.mark.browser, pytest.mark.stores]


@pytest.fixture
def company(
    shop_server: ShopServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealProvider]:
    """A provider whose release managers are approvers on the shop's server."""
    callback = f"{shop_server.url}/api/v1/session/oidc/company/callback"
    admin = shop_server.admin
    for made in run_provider(tmp_path_factory.mktemp("company"), [callback]):
        admin.put("/secrets/company", {"value": made.client_secret})
        integration = {
            "kind": "identity_provider",
            "connector": "oidc",
            "endpoint": made.issuer,
            "config": {"client_id": "stella", "scopes": ["profile", "email", "groups"]},
            "credentials": {"client_secret": "secret://company"},
            "networks": ["127.0.0.0/8"],
        }
        sign_in = {
            "integration": "company-login",
            "title": "Acme",
            "groups": {"release-managers": ["approver"]},
        }
        documents = [
            {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}
            for kind, name, spec in (
                ("Integration", "company-login", integration),
                ("SignIn", "company", sign_in),
            )
        ]
        admin.post("/apply", {"documents": documents})
        try:
            yield made
        finally:
            admin.delete("/sign-ins/company")
            admin.delete("/integrations/company-login")
            admin.delete("/secrets/company")


def test_somebody_signs_in_with_the_provider_and_comes_back_to_the_page(
    open_console: Callable[..., Console], company: RealProvider
) -> None:
    console = open_console()
    page = console.page
    page.goto(f"{console.url}/releases")
    expect(page.get_by_role("link", name="Sign in with Acme")).to_be_visible()
    assert console.violations() == []
    page.get_by_role("link", name="Sign in with Acme").click()
    page.locator("input[name=login]").fill("ana")
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()  # and lets us know who they are
    expect(console.heading).to_have_text("Releases")
    assert page.url.endswith("/releases")
    console.go("/access")
    expect(console.main).to_contain_text("A document MachineLogin lets the jobs of a CI in")
    people = page.get_by_role("table", name="Sign-in of people")
    expect(people).to_contain_text("release-managers")


def test_who_is_refused_is_told_so(
    open_console: Callable[..., Console], company: RealProvider
) -> None:
    console = open_console()
    page = console.page
    page.goto(f"{console.url}/api/v1/session/oidc/company/callback?error=access_denied&state=x")
    expect(page.get_by_role("alert")).to_contain_text("The sign-in was refused (ST-IDN-024)")
    page.goto(f"{console.url}/sign-in?refused=%3Cb%3Eevil")
    expect(page.get_by_role("alert")).to_contain_text("The sign-in was refused. Try again")
    assert console.violations() == []


def test_an_administrator_sees_where_accounts_come_from_and_who_was_refused(
    open_console: Callable[..., Console], company: RealProvider, shop_server: ShopServer
) -> None:
    first = open_console()
    first.page.goto(f"{first.url}/api/v1/session/oidc/company/callback?state=x")
    expect(first.page.get_by_role("alert")).to_be_visible()
    console = open_console()
    console.sign_in("admin", shop_server.walk.stage.password)
    console.go("/access")
    expect(console.page.get_by_role("table", name="Users")).to_contain_text("this server")
    refused = console.page.get_by_role("table", name="Refused sign-ins")
    expect(refused).to_contain_text("the browser began no login here")
    assert console.violations() == []
