"""Every page on the real server: it shows, in both themes, and for those who hear or zoom it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PAGES = (
    "/",
    "/?cell=dev%2Fweb",
    "/releases",
    "/releases/new",
    "/releases/{first}",
    "/releases/{first}/findings/{scan}",
    "/releases/{first}/diff/{second}",
    "/where",
    "/where?q=CVE-2023-43804",
    "/findings",
    "/findings?fixable=true&severity=critical,high&environment=dev",
    "/findings?reach=reachable",
    "/advisories/CVE-2023-43804",
    "/advisories/CVE-1999-0001",
    "/vex",
    "/promotions",
    "/promotions?state=blocked&environment=stage",
    "/promotions/{blocked}",
    "/promotions/{waiting}",
    "/promotions/new?release={first}&environment=stage",
    "/deployments",
    "/deployments/{deployment}",
    "/evidence",
    "/evidence/{packet}",
    "/environments",
    "/environments/prod",
    "/policies/starter",
    "/freezes",
    "/documents/+new?kind=Lifecycle",
    "/documents/Environment/prod",
    "/approvals",
    "/components",
    "/components/+new",
    "/integrations",
    "/integrations/+new",
    "/integrations/registry",
    "/notifications",
    "/plugins",
    "/secrets",
    "/webhooks",
    "/agents",
    "/audit",
    "/access",
    "/system",
    "/no-such-page",
    "/releases/rel_nothing",
)


ELSEWHERE = {
    "/components/$name": "test_components.py",
    "/components/$name/change": "test_components.py",
    "/integrations/$name/change": "test_integrations.py",
    "/lifecycles/$name": "test_lifecycles.py",
    "/oncall/$schedule": "test_oncall.py",
    "/runs": "test_workflows.py",
    "/runs/$run": "test_workflows.py",
    "/templates/$name": "test_components.py",
    "/triggers": "test_triggers.py",
    "/workflows": "test_workflows.py",
    "/workflows/$name": "test_workflows.py",
    "/workflows/+new": "test_workflows.py",
}
"""Pages of which the shop has none: where each is looked at."""


def test_every_route_of_the_console_is_looked_at() -> None:
    here = Path(__file__)
    routes = set(re.findall(r"path: '(/[^']*)'", (ROOT / "ui/src/routes.tsx").read_text()))
    assert len(routes) > 40
    shown = [one.partition("?")[0] for one in PAGES]
    for route in routes - set(ELSEWHERE) - {"/sign-in"}:
        pattern = re.compile(re.sub(r"\$\w+", "[^/+]+", route.replace("+", r"\+")) + r"\Z")
        assert any(pattern.match(one) for one in shown), route
    for route, name in ELSEWHERE.items():
        assert route in routes
        test = here.with_name(name).read_text()
        assert "violations()" in test, route


@pytest.fixture(scope="module")
def places(shop_server: ShopServer) -> dict[str, str]:
    releases = {one["version"]: one for one in shop_server.admin.get("/releases")["items"]}
    web = next(one for one in releases["1.0.0"]["components"] if one["name"] == "web")
    return {
        "first": releases["1.0.0"]["id"],
        "second": releases["2.0.0"]["id"],
        "scan": web["scans"][0]["id"],
        "blocked": shop_server.blocked,
        "waiting": shop_server.waiting,
        "deployment": shop_server.admin.get("/deployments")["items"][0]["id"],
        "packet": shop_server.admin.get("/evidence")["items"][0]["id"],
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_has_a_heading_and_no_hurdle(
    open_console: Callable[..., Console], places: dict[str, str], theme: str
) -> None:
    console = open_console(theme=theme)
    assert console.page.goto(f"{console.url}/sign-in")
    expect(console.heading).to_have_text("Stella Ops")
    assert console.violations() == []
    console.picture(f"sign-in-{theme}")
    console.sign_in("olga")
    for path in PAGES:
        console.go(path.format(**places))
        expect(console.heading).to_have_count(1)
        expect(console.page.get_by_text("Live", exact=True)).to_be_visible()
        found = console.violations()
        name = path.partition("?")[0].strip("/").replace("/", "-").replace("{", "").replace("}", "")
        console.picture(f"{name or 'matrix'}-{theme}")
        assert found == [], (path, found)


def test_on_a_phone_nothing_is_cut_off_sideways(
    open_console: Callable[..., Console], places: dict[str, str]
) -> None:
    console = open_console(width=390, height=844)
    console.sign_in("olga")
    for path in ("/", "/promotions/{blocked}", "/releases/{first}", "/deployments/{deployment}"):
        console.go(path.format(**places))
        expect(console.heading).to_have_count(1)
        width = console.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path
        assert console.violations() == []


def test_the_theme_chosen_by_hand_stays(open_console: Callable[..., Console]) -> None:
    console = open_console(theme="light")
    console.sign_in("olga")
    console.button("Colours").click()
    console.page.get_by_role("menuitem", name="Dark").click()
    root = console.page.locator("html")
    expect(root).to_have_attribute("data-mantine-color-scheme", "dark")
    console.page.reload()
    expect(root).to_have_attribute("data-mantine-color-scheme", "dark")


def test_everything_says_that_it_is_simulated(
    open_console: Callable[..., Console], shop_server: ShopServer
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go(f"/promotions/{shop_server.blocked}")
    expect(console.page.get_by_role("region", name="Simulated")).to_be_visible()
    expect(console.main.get_by_text("Simulated", exact=True)).to_be_visible()
