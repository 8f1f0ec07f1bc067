"""Which directories integrations may use, from the document to the object that lies there."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.stores import our_plugins
from stella.api.services import Services
from stella.app.hub import Hub
from stella.app.settings import Settings
from stella.hub.apply import apply_integration
from stella.hub.document import parse_integration
from stella.hub.errors import DirectoryNotGranted, MalformedIntegration
from stella.hub.store import find_integration
from stella.kernel import Outcome
from stella.plugin.contract.core import Kind
from stella.plugin.contract.object_store import ObjectStore

PLUGINS = our_plugins()
BROUGHT = {(one.kind, one.name): one for one in PLUGINS.contributions(Kind.OBJECT_STORE)}


def spec(endpoint: str) -> dict[str, str]:
    return {"kind": "object_store", "connector": "directory", "endpoint": endpoint}


@pytest.fixture
def hub_of(make_services: Callable[..., Services], tmp_path: Path) -> Callable[..., Hub]:
    """A hub with the integration ``objects`` at a directory, and these that may be used."""

    def made(endpoint: str, *directories: Path) -> Hub:
        services = make_services()
        with services.database.transaction(actor="test") as tx:
            apply_integration(tx, "objects", spec(endpoint), BROUGHT)
        settings = Settings(object_directories=tuple(str(one) for one in directories))
        return Hub(
            settings,
            services.database,
            lambda: PLUGINS,
            services.outside.keys,
            now=lambda: datetime.now(UTC),
        )

    return made


def health(hub: Hub) -> tuple[Outcome, str]:
    with hub._database.read() as tx:
        found = hub.examine(find_integration(tx, "objects").integration)
    return found.outcome, found.detail


def test_a_directory_below_one_that_may_be_used_is(
    hub_of: Callable[..., Hub], tmp_path: Path
) -> None:
    (tmp_path / "objects" / "mine").mkdir(parents=True)
    hub = hub_of(f"file://{tmp_path}/objects/mine", tmp_path / "objects")
    assert health(hub)[0] is Outcome.PASS
    store: ObjectStore = hub.connected(Kind.OBJECT_STORE, "objects")
    store.put("a/b", b"content")
    assert (tmp_path / "objects" / "mine" / "a" / "b").read_bytes() == b"content"
    with store.get("a/b") as chunks:
        assert b"".join(chunks) == b"content"


@pytest.mark.parametrize("granted", [(), ("other",), ("objects/mine/below",), ("objects-old",)])
def test_any_other_is_refused(
    granted: tuple[str, ...], hub_of: Callable[..., Hub], tmp_path: Path
) -> None:
    for one in (*granted, "objects/mine"):
        (tmp_path / one).mkdir(parents=True, exist_ok=True)
    hub = hub_of(f"file://{tmp_path}/objects/mine", *(tmp_path / one for one in granted))
    with pytest.raises(DirectoryNotGranted):
        hub.connected(Kind.OBJECT_STORE, "objects")
    outcome, detail = health(hub)
    assert (outcome, "object_directories" in detail or "may not use" in detail) == (
        Outcome.BLOCKED,
        True,
    )


def test_a_link_that_leads_elsewhere_is_refused(hub_of: Callable[..., Hub], tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "objects" / "link").symlink_to(tmp_path / "outside")
    hub = hub_of(f"file://{tmp_path}/objects/link", tmp_path / "objects")
    with pytest.raises(DirectoryNotGranted):
        hub.connected(Kind.OBJECT_STORE, "objects")


@pytest.mark.parametrize(
    "endpoint",
    [
        *("file:///", "file://", "file://host/a", "file:///a/../b", "file:///a//b", "file:///a/"),
        *("file:///a b", "file:///a%2e%2e", "https://a.example", "/a", "", "file:///a/."),
    ],
)
def test_what_is_no_directory_is_refused(endpoint: str) -> None:
    with pytest.raises(MalformedIntegration, match="file:///PATH"):
        parse_integration("objects", spec(endpoint), BROUGHT)
